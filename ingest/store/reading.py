"""Rows back into nouns."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from ingest.changes import Holding, Statistics
from ingest.documents import Chunk, Document, Entry, Heading, Hit, Outcome, Source, Span
from ingest.store.ballast import NAME as BALLAST
from ingest.store.faults import damaged
from ingest.store.rows import unpack
from ingest.store.snapshot import Snapshot
from ingest.store.stored_vectors import vectors_of
from ingest.store.table_rows import ChunkRow, DocumentRow, SourceRow, TagRow

_LISTED = "IN (SELECT value FROM json_each(?))"


def read_statistics(snapshot: Snapshot) -> Statistics:
    sources, documents, chunks = (
        snapshot.number(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our own
        for table in ("sources", "documents", "chunks")
    )
    files = (path for path in snapshot.folder.rglob("*") if path.is_file() and path.name != BALLAST)
    size = sum(path.stat().st_size for path in files)
    return Statistics(sources, documents, chunks, size)


def read_sources(snapshot: Snapshot) -> list[Source]:
    return [_source(row, document.id if document else None) for row, document in _named_documents(snapshot)]


def read_tags(snapshot: Snapshot) -> dict[str, str]:
    """See `Store.tags`."""
    if not snapshot.has(TagRow):
        return {}
    as_tagged = "WHERE mtime_ns = (SELECT mtime_ns FROM sources WHERE sources.uri = tags.uri)"
    return {unpack(row.uri): unpack(row.value) for row in snapshot.rows(TagRow, as_tagged)}


def read_holdings(snapshot: Snapshot) -> list[Holding]:
    return [_holding(row, document) for row, document in _named_documents(snapshot)]


def _named_documents(snapshot: Snapshot) -> Iterator[tuple[SourceRow, DocumentRow | None]]:
    """Every name with its document, None where it has none. Raises `KnowledgeBaseDamaged` for one that is not there."""
    documents = {row.key: row for row in snapshot.rows(DocumentRow)}
    for row in snapshot.rows(SourceRow, "ORDER BY uri"):
        if row.document is not None and row.document not in documents:
            raise damaged(snapshot.folder, f"a source names document {row.document}, which is not there")
        yield row, None if row.document is None else documents[row.document]


def read_document(snapshot: Snapshot, document_id: str) -> Document | None:
    row = snapshot.document(document_id)
    if row is None:
        return None
    pages, details = json.loads(row.pages), json.loads(row.details)
    return Document(
        id=row.id,
        text=snapshot.text(row.key, 0, row.length),
        source=next(iter(snapshot.names(row.key)), ""),
        title=unpack(row.title),
        pages=tuple(pages["starts"]),
        labels=tuple(pages["labels"]),
        headings=tuple(Heading(*heading) for heading in details["headings"]),
        metadata=json.loads(row.metadata),
        warnings=tuple(details["warnings"]),
        reading=details.get("reading", 0),
    )


def read_contents(snapshot: Snapshot, documents: Iterable[str] | None = None) -> dict[str, bytes]:
    """See `Store.contents`; keys are given in ascending order, as chunk ids are."""
    which = f"WHERE id {_LISTED} " if documents is not None else ""
    listed = (json.dumps(list(documents)),) if documents is not None else ()
    return {row.id: row.content for row in snapshot.rows(DocumentRow, f"{which}ORDER BY key", listed)}


def read_entry(snapshot: Snapshot, source: Source) -> Entry | None:
    """See `Store.entry`."""
    document = read_document(snapshot, source.document_id or "")
    if document is None:
        return None
    row = snapshot.document(document.id)
    assert row is not None  # of the same snapshot
    chunks = list(snapshot.rows(ChunkRow, "WHERE document = ? ORDER BY ordinal", (row.key,)))
    stored = vectors_of(snapshot, (chunk.id for chunk in chunks))
    if len(stored) != len(chunks):
        raise damaged(snapshot.folder, f"{len(chunks) - len(stored)} vectors of document {document.id} are not there")
    spans = tuple(Span(chunk.start, chunk.stop, unpack(chunk.heading)) for chunk in chunks)
    hashes = tuple(chunk.embedding_hash for chunk in chunks)
    return Entry(replace(document, source=source.uri), source, spans, hashes, stored.vectors)


def read_chunks(snapshot: Snapshot, document_id: str) -> list[Chunk]:
    row = snapshot.document(document_id)
    if row is None:
        return []
    text = snapshot.text(row.key, 0, row.length)
    chunks = snapshot.rows(ChunkRow, "WHERE document = ? ORDER BY ordinal", (row.key,))
    return [_chunk(chunk, row.id, text[chunk.start : chunk.stop]) for chunk in chunks]


def read_hits(snapshot: Snapshot, scored: Sequence[tuple[int, float]]) -> list[Hit]:
    """See `Store.hits`; chunks, documents and names are read in one query each, however many they are."""
    wanted = json.dumps([chunk for chunk, _ in scored])
    chunks = {row.id: row for row in snapshot.rows(ChunkRow, f"WHERE id {_LISTED}", (wanted,))}
    keys = json.dumps(sorted({row.document for row in chunks.values()}))
    documents = {row.key: row for row in snapshot.rows(DocumentRow, f"WHERE key {_LISTED}", (keys,))}
    names = snapshot.rows(SourceRow, f"WHERE document {_LISTED} ORDER BY uri DESC", (keys,))
    sources = {row.document: unpack(row.uri) for row in names}  # the first name of each comes last and stays
    pages = {key: json.loads(row.pages) for key, row in documents.items()}
    hits = []
    for row, score in ((chunks[chunk], score) for chunk, score in scored if chunk in chunks):
        document = documents.get(row.document)
        if document is None:
            raise damaged(snapshot.folder, f"chunk {row.id} belongs to document {row.document}, which is not there")
        chunk = _chunk(row, document.id, snapshot.text(document.key, row.start, row.stop))
        starts, labels = pages[document.key]["starts"], pages[document.key]["labels"]
        label = labels[row.page - 1] if row.page <= len(labels) else ""
        last_page = max(row.page, bisect_left(starts, row.stop))
        hits.append(Hit(chunk, score, sources.get(document.key, ""), label, unpack(document.title), last_page))
    return hits


def _chunk(row: ChunkRow, document_id: str, text: str) -> Chunk:
    return Chunk(row.id, document_id, row.ordinal, row.start, row.stop, text, row.page, unpack(row.heading))


def _source(row: SourceRow, document_id: str | None) -> Source:
    outcome = cast("Outcome", row.outcome)
    return Source(unpack(row.uri), row.size, row.mtime_ns, document_id, outcome, unpack(row.reason), row.seen)


def _holding(row: SourceRow, document: DocumentRow | None) -> Holding:
    source = _source(row, document.id if document else None)
    if document is None:
        return Holding(source, title="", pages=0, chunks=0)
    pages = json.loads(document.pages)
    count = len(pages["starts"]) if pages["labels"] or len(pages["starts"]) > 1 else 0
    details = json.loads(document.details)
    told = tuple(details["warnings"]), details.get("reading", 0)
    return Holding(source, unpack(document.title), count, document.chunks, *told)
