"""What changes mean in PostgreSQL: the same as in `ingest.store.writing`, with other writers at work beside us."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.changes import Change, Put, Record, Remove, Tag
from ingest.documents import Entry, Model, Source
from ingest.entries import entry_as_json
from ingest.errors import KnowledgeBaseError, KnowledgeBaseMismatch
from ingest.store.document_rows import content_hash
from ingest.store.postgres.reading import has_tags
from ingest.store.postgres.schema import TAGS
from ingest.store.rows import pack, to_json
from ingest.store.validation import validate

if TYPE_CHECKING:
    from psycopg import Connection

COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = struct.pack(">h", -1)


class Batch:
    """Applies changes, in their order, inside a transaction that the caller has begun and will commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tally = {"documents_added": 0, "documents_removed": 0, "chunks_added": 0, "chunks_removed": 0}
        self._renamed: set[int] = set()  # keys of documents that gained or lost a name

    def apply(self, changes: Sequence[Change]) -> dict[str, int]:
        """The fields of `Committed`."""
        for change in changes:
            match change:
                case Put(entry, model):
                    self._put(entry, model)
                case Record(source):
                    self._point(source, self._stored_key(source))
                case Remove(uri):
                    self._forget(uri)
                case Tag():
                    self._tag(change)
        for key in sorted(self._renamed):
            self._drop(key)
        # The last statement, since it makes other writers wait from here to the end of this commit.
        generation = self._one("UPDATE base SET generation = generation + 1 RETURNING generation")
        return {"generation": generation or 0, **self._tally}

    def _put(self, entry: Entry, model: Model) -> None:
        validate(entry, model)
        self._require_model(model)
        content = content_hash(entry)
        key = self._insert(entry, content)
        if key is None:
            present = "SELECT key, content FROM documents WHERE id = %s FOR UPDATE"
            row = self._connection.execute(present, (entry.document.id,)).fetchone()
            if row and bytes(row[1]) == content:
                key = self._describe(row[0], entry)
            else:
                key = self._replace(row[0] if row else None, entry, content)
        self._point(entry.source, key)

    def _require_model(self, model: Model) -> None:
        row = self._connection.execute("SELECT name, fingerprint FROM base").fetchone()
        if row is None or row[1] is None:
            first = "UPDATE base SET name = %s, fingerprint = %s, dimension = %s WHERE fingerprint IS NULL"
            self._connection.execute(first, (model.name, model.fingerprint, model.dimension))
            row = self._connection.execute("SELECT name, fingerprint FROM base").fetchone()
        assert row is not None
        if row[1] != model.fingerprint:
            raise KnowledgeBaseMismatch(
                f"The database holds vectors of {row[0]!r} ({row[1]}); the new ones are of "
                f"{model.name!r} ({model.fingerprint}), and the two cannot be compared.",
                f"Go on with {row[0]!r}, or make a new knowledge base with another --kb.",
            )

    def _insert(self, entry: Entry, content: bytes) -> int | None:
        """The key of the new document; None when one of this id is there, or is being written and then is there."""
        facts = to_json(entry_as_json(entry))
        statement = (
            "INSERT INTO documents (id, content, facts, text) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING RETURNING key"
        )
        key = self._one(statement, (entry.document.id, content, facts, pack(entry.document.text)))
        if key is not None:
            with self._connection.cursor().copy("COPY chunks FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(chunk_rows(key, entry))
            self._tally["documents_added"] += 1
            self._tally["chunks_added"] += len(entry.spans)
        return key

    def _describe(self, key: int, entry: Entry) -> int:
        """Bring what is said of a stored document up to that of an equal one, which another reading may have made."""
        facts = to_json(entry_as_json(entry))
        self._connection.execute("UPDATE documents SET facts = %s WHERE key = %s AND facts <> %s", (facts, key, facts))
        return key

    def _replace(self, key: int | None, entry: Entry, content: bytes) -> int:
        """Other chunks for bytes that are stored already: all names move to them."""
        freed = "UPDATE sources SET document = NULL WHERE document = %s RETURNING uri"
        names = [row[0] for row in self._connection.execute(freed, (key,))]
        if key is not None:
            self._drop(key)
        new = self._insert(entry, content)
        if new is None:
            raise KnowledgeBaseError(f"{entry.source.uri} was changed by two writers at once.", "Add it again.")
        moved = "UPDATE sources SET document = %s, xid = pg_current_xact_id() WHERE uri = ANY(%s)"
        self._connection.execute(moved, (new, names))
        return new

    def _stored_key(self, source: Source) -> int | None:
        if source.document_id is None:
            return None
        key = self._one("SELECT key FROM documents WHERE id = %s FOR KEY SHARE", (source.document_id,))
        if key is None:
            raise KnowledgeBaseError(
                f"{source.uri} is to point at document {source.document_id}, which is not stored.",
                "Another process may have removed it: add the file again.",
            )
        return key

    def _point(self, source: Source, key: int | None) -> None:
        uri = pack(source.uri)
        before = self._one("SELECT document FROM sources WHERE uri = %s FOR UPDATE", (uri,))
        self._connection.execute(
            "INSERT INTO sources (uri, document, size, mtime_ns, outcome, reason, seen) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (uri) DO UPDATE SET document = excluded.document, "
            "size = excluded.size, seen = excluded.seen, mtime_ns = excluded.mtime_ns, "
            "outcome = excluded.outcome, reason = excluded.reason, xid = excluded.xid",
            (uri, key, source.size, source.mtime_ns, source.outcome, pack(source.reason), source.seen),
        )
        if before != key:
            self._renamed.update(document for document in (before, key) if document is not None)

    def _forget(self, uri: str) -> None:
        before = self._one("DELETE FROM sources WHERE uri = %s RETURNING document", (pack(uri),))
        self._connection.execute("INSERT INTO gone (uri) VALUES (%s)", (pack(uri),))
        if before is not None:
            self._renamed.add(before)

    def _tag(self, tag: Tag) -> None:
        if not has_tags(self._connection):
            self._connection.execute(TAGS)
        self._connection.execute(
            "INSERT INTO tags (uri, mtime_ns, value) SELECT uri, mtime_ns, %s FROM sources "
            "WHERE uri = %s AND mtime_ns = %s "
            "ON CONFLICT (uri) DO UPDATE SET mtime_ns = excluded.mtime_ns, value = excluded.value",
            (pack(tag.value), pack(tag.uri), tag.mtime_ns),
        )

    def _drop(self, key: int) -> None:
        """Delete a document that no name keeps."""
        chunks = self._one("SELECT count(*) FROM chunks WHERE document = %s", (key,)) or 0
        unnamed = (
            "DELETE FROM documents WHERE key = %s AND NOT EXISTS (SELECT FROM sources WHERE document = key) RETURNING 1"
        )
        if self._one(unnamed, (key,)):
            self._tally["documents_removed"] += 1
            self._tally["chunks_removed"] += chunks

    def _one(self, statement: str, values: tuple[object, ...] = ()) -> int | None:
        row = self._connection.execute(statement, values).fetchone()
        return None if row is None else row[0]


def chunk_rows(key: int, entry: Entry) -> bytes:
    """The chunks in PostgreSQL's binary COPY form; a `halfvec` there is dimension, zero, and big-endian half floats."""
    from ingest.indexes.half_floats import to_half

    rows = [COPY_HEAD]
    halves = to_half(entry.vectors).astype(">f2")
    for ordinal, (digest, half) in enumerate(zip(entry.hashes, halves, strict=True)):
        rows.append(struct.pack(">hiqii", 4, 8, key, 4, ordinal))
        rows.append(struct.pack(">i", len(digest)) + digest)
        rows.append(struct.pack(">ihh", 4 + half.nbytes, len(half), 0) + half.tobytes())
    return b"".join([*rows, COPY_END])
