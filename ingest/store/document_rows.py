"""The rows of one document: text, chunks, vectors and keywords come and go together."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from ingest.store import keyword_rows
from ingest.store.reading import CHUNK, Row, Snapshot
from ingest.store.rows import (
    blob_checksum,
    blocks,
    checksum,
    pack,
    pack_vectors,
    text_hash,
    to_json,
    unpack,
)
from ingest.store.segments import count_dead
from ingest.store.words import name_words

if TYPE_CHECKING:
    from ingest.documents import Document, Entry


def content_hash(entry: Entry) -> bytes:
    """blake2b-128 over all that an entry stores but its name: equal entries need no new rows."""
    digest = hashlib.blake2b(digest_size=16)
    document = entry.document
    for part in (document.text, document.title, *_described(document), repr([asdict(span) for span in entry.spans])):
        digest.update(pack(part) + b"\0")
    digest.update(b"".join(entry.hashes))
    return digest.digest()


def insert(connection: sqlite3.Connection, keys: tuple[int, int, int], entry: Entry, content: bytes) -> None:
    """Store an entry. `keys` are those of the document, of its first chunk and of the model."""
    document, first, model = keys
    names = words_of_names([entry.source.uri])
    _insert_document(connection, document, entry, content, names)
    _insert_text(connection, document, entry.document.text)
    chunks = _chunk_rows(document, first, entry)
    connection.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", chunks)
    connection.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?, ?)",
        [
            (chunk, model, vector, blob_checksum(vector, chunk, model))
            for chunk, vector in enumerate(pack_vectors(entry.vectors), first)
        ],
    )
    keyword_rows.insert(connection, indexed_rows(chunks, entry.document.text, entry.document.title, names))


def drop(snapshot: Snapshot, row: Row) -> range:
    """Delete a document, given its row, with everything that belongs to it. Returns the ids that its chunks had."""
    _unindex(snapshot, row)
    low, high = snapshot.connection.execute(
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM chunks WHERE document = ?", (row[0],)
    ).fetchone()
    chunks = range(low, high + 1)  # those of one document follow one another
    count_dead(snapshot, chunks)
    snapshot.connection.execute("DELETE FROM documents WHERE key = ?", (row[0],))  # the rest follows by foreign keys
    return chunks


def rename(snapshot: Snapshot, row: Row) -> None:
    """Bring the file-name words in the keyword index up to the names that the document has now."""
    names = words_of_names(snapshot.names(row[0]))
    if names == row[6]:
        return
    _unindex(snapshot, row)
    columns = (*row[:6], names, *row[7:10])
    snapshot.connection.execute(
        "UPDATE documents SET names = ?, checksum = ? WHERE key = ?", (names, checksum(*columns), row[0])
    )
    keyword_rows.insert(snapshot.connection, stored_rows(snapshot, (*columns, None)))


def words_of_names(uris: Iterable[str]) -> str:
    """The words of all file names, each name once."""
    return " ".join(dict.fromkeys(name_words(uri) for uri in uris))


def stored_rows(snapshot: Snapshot, row: Row) -> Iterator[keyword_rows.Row]:
    """What the keyword index holds of a stored document, given its row."""
    key, length = row[0], row[3]
    chunks = snapshot.rows(f"{CHUNK} WHERE document = ? ORDER BY ordinal", (key,))
    return indexed_rows(chunks, snapshot.text(key, 0, length), unpack(row[5]), row[6])


def indexed_rows(chunks: Iterable[Row], text: str, title: str, names: str) -> Iterator[keyword_rows.Row]:
    for chunk, _, _, start, stop, _, heading, *_ in chunks:
        yield keyword_rows.Row(chunk, text[start:stop], f"{title} {unpack(heading)}", names)


def _unindex(snapshot: Snapshot, row: Row) -> None:
    keyword_rows.delete(snapshot.connection, stored_rows(snapshot, row))


def _insert_document(connection: sqlite3.Connection, key: int, entry: Entry, content: bytes, names: str) -> None:
    document = entry.document
    sizes = len(document.text), len(entry.spans)
    columns = (key, document.id, content, *sizes, pack(document.title), names, *_described(document))
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*columns, checksum(*columns)))


def _insert_text(connection: sqlite3.Connection, key: int, text: str) -> None:
    connection.executemany(
        "INSERT INTO texts (document, ordinal, text, checksum) VALUES (?, ?, ?, ?)",
        [(key, ordinal, block, blob_checksum(block, key, ordinal)) for ordinal, block in enumerate(blocks(text))],
    )


def _described(document: Document) -> tuple[str, str, str]:
    """The columns metadata, pages and details."""
    headings = [(heading.level, heading.title, heading.start) for heading in document.headings]
    return (
        to_json(dict(document.metadata)),
        to_json({"starts": document.pages, "labels": document.labels}),
        to_json({"headings": headings, "warnings": document.warnings}),
    )


def _chunk_rows(document: int, first: int, entry: Entry) -> list[Row]:
    rows: list[Row] = []
    for ordinal, (span, embedded) in enumerate(zip(entry.spans, entry.hashes, strict=True)):
        page = entry.document.page_at(span.start)
        text = text_hash(entry.document.text[span.start : span.end])
        columns = (first + ordinal, document, ordinal, span.start, span.end, page, pack(span.heading), text, embedded)
        rows.append((*columns, checksum(*columns)))
    return rows
