"""The rows of one document: text, chunks, vectors and keywords come and go together."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.store import keyword_rows
from ingest.store.rows import blocks, pack, pack_vectors, text_hash, to_json, unpack
from ingest.store.segments import count_dead
from ingest.store.snapshot import Snapshot
from ingest.store.table_rows import ChunkRow, DocumentRow, TextRow, VectorRow, put_rows, sealed, sealed_blob
from ingest.store.words import name_words

if TYPE_CHECKING:
    from ingest.documents import Document, Entry


def content_hash(entry: Entry) -> bytes:
    """blake2b-128 over all that an entry stores but its name and reading: equal entries need no new rows."""
    digest = hashlib.blake2b(digest_size=16)
    document = entry.document
    spans = to_json([(span.start, span.end, span.heading) for span in entry.spans])
    for part in (document.text, document.title, *_described(replace(document, reading=0)), spans):
        digest.update(pack(part) + b"\0")
    digest.update(b"".join(entry.hashes))
    return digest.digest()


def insert(connection: sqlite3.Connection, keys: tuple[int, int, int], entry: Entry, content: bytes) -> None:
    """Store an entry. `keys` are those of the document, of its first chunk and of the model."""
    key, first, model = keys
    document, chunks = entry.document, _chunk_rows(key, first, entry)
    names = words_of_names([entry.source.uri])
    sizes = len(document.text), len(entry.spans)
    columns = (key, document.id, content, *sizes, pack(document.title), names, *_described(document))
    put_rows(connection, DocumentRow, [sealed(*columns)])
    texts = enumerate(blocks(document.text))
    put_rows(connection, TextRow, [sealed_blob(key, ordinal, block) for ordinal, block in texts])
    put_rows(connection, ChunkRow, chunks)
    vectors = enumerate(pack_vectors(entry.vectors), first)
    put_rows(connection, VectorRow, [sealed_blob(chunk, model, vector) for chunk, vector in vectors])
    keyword_rows.insert(connection, _indexed(chunks, document.text, document.title, names))


def drop(snapshot: Snapshot, row: DocumentRow) -> range:
    """Delete a document with everything that belongs to it. Returns the ids that its chunks had."""
    keyword_rows.delete(snapshot.connection, stored_rows(snapshot, row))
    low, high = snapshot.connection.execute(
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM chunks WHERE document = ?", (row.key,)
    ).fetchone()
    chunks = range(low, high + 1)  # those of one document follow one another
    count_dead(snapshot, chunks)
    snapshot.connection.execute("DELETE FROM documents WHERE key = ?", (row.key,))  # the rest follows by foreign keys
    return chunks


def describe(snapshot: Snapshot, row: DocumentRow, document: Document) -> None:
    """Bring what is said of a stored document up to that of an equal one, which another reading may have made."""
    *_, details = _described(document)
    if details != row.details:
        described = DocumentRow._make(sealed(*row._replace(details=details)[:-1]))
        snapshot.connection.execute(
            "UPDATE documents SET details = ?, checksum = ? WHERE key = ?", (details, described.checksum, row.key)
        )


def rename(snapshot: Snapshot, row: DocumentRow) -> None:
    """Bring the file-name words in the keyword index up to the names that the document has now."""
    names = words_of_names(snapshot.names(row.key))
    if names == row.names:
        return
    keyword_rows.delete(snapshot.connection, stored_rows(snapshot, row))
    renamed = DocumentRow._make(sealed(*row._replace(names=names)[:-1]))
    snapshot.connection.execute(
        "UPDATE documents SET names = ?, checksum = ? WHERE key = ?", (names, renamed.checksum, row.key)
    )
    keyword_rows.insert(snapshot.connection, stored_rows(snapshot, renamed))


def words_of_names(uris: Iterable[str]) -> str:
    """The words of all file names, each name once."""
    return " ".join(dict.fromkeys(name_words(uri) for uri in uris))


def stored_rows(snapshot: Snapshot, row: DocumentRow) -> Iterator[keyword_rows.Row]:
    """What the keyword index holds of a stored document."""
    chunks = snapshot.rows(ChunkRow, "WHERE document = ? ORDER BY ordinal", (row.key,))
    return _indexed(chunks, snapshot.text(row.key, 0, row.length), unpack(row.title), row.names)


def _indexed(chunks: Iterable[ChunkRow], text: str, title: str, names: str) -> Iterator[keyword_rows.Row]:
    for chunk in chunks:
        yield keyword_rows.Row(chunk.id, text[chunk.start : chunk.stop], f"{title} {unpack(chunk.heading)}", names)


def _described(document: Document) -> tuple[str, str, str]:
    """The columns metadata, pages and details."""
    headings = [(heading.level, heading.title, heading.start) for heading in document.headings]
    details = {"headings": headings, "warnings": document.warnings}
    return (
        to_json(dict(document.metadata)),
        to_json({"starts": document.pages, "labels": document.labels}),
        to_json({**details, "reading": document.reading} if document.reading else details),
    )


def _chunk_rows(document: int, first: int, entry: Entry) -> list[ChunkRow]:
    rows = []
    for ordinal, (span, embedded) in enumerate(zip(entry.spans, entry.hashes, strict=True)):
        place = first + ordinal, document, ordinal, span.start, span.end, entry.document.page_at(span.start)
        text = text_hash(entry.document.text[span.start : span.end])
        rows.append(ChunkRow._make(sealed(*place, pack(span.heading), text, embedded)))
    return rows
