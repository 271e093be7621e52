"""Rows of PostgreSQL back into nouns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ingest.changes import Holding
from ingest.documents import Entry, Model, Source
from ingest.entries import entry_from_json
from ingest.store.rows import pack, unpack

if TYPE_CHECKING:
    from psycopg import Connection

    from ingest.documents import FloatMatrix

_SOURCES = (
    "SELECT s.uri, s.size, s.mtime_ns, d.id, s.outcome, s.reason, s.seen "
    "FROM sources s LEFT JOIN documents d ON d.key = s.document "
)
HALFVEC_HEAD = 4  # bytes in front of the half floats


def read_model(connection: Connection) -> Model | None:
    row = connection.execute("SELECT name, fingerprint, dimension FROM base").fetchone()
    return Model(*row) if row and row[1] is not None else None


def read_sources(connection: Connection) -> list[Source]:
    return [source_of(row) for row in connection.execute(_SOURCES + "ORDER BY s.uri")]


def read_tags(connection: Connection) -> dict[str, str]:
    if not has_tags(connection):
        return {}
    statement = "SELECT t.uri, t.value FROM tags t JOIN sources s ON s.uri = t.uri AND s.mtime_ns = t.mtime_ns"
    return {unpack(bytes(uri)): unpack(bytes(value)) for uri, value in connection.execute(statement)}


def has_tags(connection: Connection) -> bool:
    return connection.execute("SELECT to_regclass('tags')").fetchone() != (None,)


def named_sources(connection: Connection, uris: Iterable[str]) -> list[Source]:
    wanted = ([pack(uri) for uri in uris],)
    return [source_of(row) for row in connection.execute(_SOURCES + "WHERE s.uri = ANY(%s)", wanted)]


def changed_sources(connection: Connection, first: int, end: int) -> list[Source]:
    """Names written by transactions first <= xid < end, by the order in which their documents were stored."""
    window = "WHERE s.xid >= %s::text::xid8 AND s.xid < %s::text::xid8 ORDER BY s.document NULLS LAST, s.uri"
    return [source_of(row) for row in connection.execute(_SOURCES + window, (first, end))]


def gone_sources(connection: Connection, first: int, end: int) -> list[str]:
    """Names removed by transactions first <= xid < end that are still not there."""
    window = "WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8"
    statement = f"SELECT DISTINCT uri FROM gone {window} AND uri NOT IN (SELECT uri FROM sources)"  # noqa: S608
    return [unpack(bytes(row[0])) for row in connection.execute(statement, (first, end))]


def source_of(row: Sequence[Any]) -> Source:
    uri, size, mtime_ns, document, outcome, reason, seen = row
    return Source(unpack(bytes(uri)), size, mtime_ns, document, outcome, unpack(bytes(reason)), seen)


def read_contents(connection: Connection, documents: Sequence[str] | None = None) -> dict[str, bytes]:
    which = "WHERE %s::text[] IS NULL OR id = ANY(%s)"
    wanted = list(documents) if documents is not None else None
    rows = connection.execute(f"SELECT id, content FROM documents {which} ORDER BY key", (wanted, wanted))  # noqa: S608
    return {row[0]: bytes(row[1]) for row in rows}


def read_entry(connection: Connection, source: Source) -> Entry | None:
    document = "SELECT key, facts, text FROM documents WHERE id = %s"
    row = connection.execute(document, (source.document_id,)).fetchone()
    if row is None:
        return None
    chunks = "SELECT halfvec_send(embedding) FROM chunks WHERE document = %s ORDER BY ordinal"
    vectors = _vectors(value[0] for value in connection.execute(chunks, (row[0],)))
    return entry_from_json(json.loads(row[1]), unpack(bytes(row[2])), source, vectors)


def first_entry(connection: Connection, document_id: str) -> Entry | None:
    """A stored document under the first of its names."""
    row = connection.execute(_SOURCES + "WHERE d.id = %s ORDER BY s.uri LIMIT 1", (document_id,)).fetchone()
    return read_entry(connection, source_of(row)) if row else None


def read_holdings(connection: Connection) -> list[Holding]:
    statement = "SELECT d.id, d.facts FROM documents d"
    facts = {row[0]: json.loads(row[1]) for row in connection.execute(statement)}
    return [_holding(source, facts.get(source.document_id)) for source in read_sources(connection)]


def read_known_vectors(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, FloatMatrix]:
    statement = (
        "SELECT DISTINCT ON (embedding_hash) embedding_hash, halfvec_send(embedding) FROM chunks "
        "WHERE embedding_hash = ANY(%s)"
    )
    rows = [(bytes(row[0]), row[1]) for row in connection.execute(statement, (list(set(hashes)),))]
    return dict(zip((row[0] for row in rows), _vectors(row[1] for row in rows), strict=True))


def _holding(source: Source, facts: dict[str, Any] | None) -> Holding:
    if facts is None:
        return Holding(source, title="", pages=0, chunks=0)
    told = tuple(facts["warnings"]), facts.get("reading", 0)
    pages = len(facts["pages"]) if facts["labels"] or len(facts["pages"]) > 1 else 0
    return Holding(source, facts["title"], pages, len(facts["spans"]), *told)


def _vectors(values: Iterable[bytes]) -> FloatMatrix:
    """(rows, dimension), float32; (0, 0) for no rows."""
    import numpy as np

    from ingest.indexes.half_floats import HALF, to_single

    rows = [np.frombuffer(value, ">f2", offset=HALFVEC_HEAD) for value in values]
    return to_single(np.stack(rows).astype(HALF)) if rows else np.zeros((0, 0), np.float32)
