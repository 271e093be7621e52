"""Rows back into nouns. Every function works in one snapshot; a row that is not what was written is never returned."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest.changes import Holding, Statistics
from ingest.documents import Chunk, Document, Heading, Hit, Model, Source
from ingest.store.faults import damaged
from ingest.store.rows import BLOCK, blob_checksum, checksum, unpack
from ingest.store.schema import read_meta

MODEL = (
    "SELECT id, name, fingerprint, dimension, checksum FROM models "
    "WHERE id = (SELECT value FROM meta WHERE name = 'model')"
)
DOCUMENT = "SELECT key, id, content, length, chunks, title, names, metadata, pages, details, checksum FROM documents"
CHUNK = "SELECT id, document, ordinal, start, stop, page, heading, text_hash, embedding_hash, checksum FROM chunks"
SOURCE = "SELECT uri, document, size, mtime_ns, outcome, reason, seen, checksum FROM sources"
TEXT = "SELECT document, ordinal, text, checksum FROM texts"

Row = tuple[Any, ...]


class Snapshot:
    """A read transaction on a connection that checks what it reads. Raises `KnowledgeBaseDamaged`."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of one of the queries above, which end with the checksum of the columns before it."""
        for row in self.connection.execute(query, parameters):
            if checksum(*row[:-1]) != row[-1]:
                raise damaged(self.folder, f"row {row[0]!r} of {query.rpartition(' FROM ')[2].split()[0]} was altered")
            yield row

    def row(self, query: str, parameters: Sequence[Any] = ()) -> Row | None:
        return next(self.rows(query, parameters), None)

    def meta(self) -> dict[str, int]:
        return read_meta(self.connection, self.folder)

    def generation(self) -> int:
        return self.meta()["generation"]

    def model(self) -> tuple[int, Model] | None:
        """The key of the active model and the model."""
        found = self.row(MODEL)
        return (found[0], Model(found[1], found[2], found[3])) if found else None

    def statistics(self) -> Statistics:
        sources, documents, chunks = self.connection.execute(
            "SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)"
        ).fetchone()
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return Statistics(sources, documents, chunks, size)

    def sources(self) -> list[Source]:
        identities = dict(self.connection.execute("SELECT key, id FROM documents"))
        return [_source(row, identities.get(row[1])) for row in self.rows(f"{SOURCE} ORDER BY uri")]

    def holdings(self) -> list[Holding]:
        documents = {row[0]: row for row in self.rows(DOCUMENT)}
        identities = {key: row[1] for key, row in documents.items()}
        return [
            _holding(_source(row, identities.get(row[1])), documents.get(row[1]))
            for row in self.rows(f"{SOURCE} ORDER BY uri")
        ]

    def names(self, key: int) -> list[str]:
        """The uris that name a document, in order."""
        found = self.rows(f"{SOURCE} WHERE document = ? ORDER BY uri", (key,))
        return [unpack(row[0]) for row in found]

    def document_row(self, document_id: str) -> Row | None:
        return self.row(f"{DOCUMENT} WHERE id = ?", (document_id,))

    def document(self, document_id: str) -> Document | None:
        row = self.document_row(document_id)
        if row is None:
            return None
        text = self.text(row[0], 0, row[3])
        names = self.names(row[0])
        return _document(row, text, names[0] if names else "")

    def text(self, key: int, start: int, stop: int) -> str:
        """Characters start to stop of a document's text, reading only the rows that hold them."""
        first, last = start // BLOCK, max(start, stop - 1) // BLOCK
        pieces = []
        for document, ordinal, piece, crc in self.connection.execute(
            f"{TEXT} WHERE document = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal", (key, first, last)
        ):
            if blob_checksum(piece, document, ordinal) != crc:
                raise damaged(self.folder, f"the text of document {document} was altered in block {ordinal}")
            pieces.append(unpack(piece))
        return "".join(pieces)[start - first * BLOCK : stop - first * BLOCK]

    def chunks(self, document_id: str) -> list[Chunk]:
        row = self.document_row(document_id)
        if row is None:
            return []
        text = self.text(row[0], 0, row[3])
        rows = self.rows(f"{CHUNK} WHERE document = ? ORDER BY ordinal", (row[0],))
        return [_chunk(found, document_id, text[found[3] : found[4]]) for found in rows]

    def hits(self, scored: Sequence[tuple[int, float]]) -> list[Hit]:
        documents: dict[int, tuple[Row, str]] = {}
        return [hit for chunk, score in scored if (hit := self._hit(chunk, score, documents))]

    def _hit(self, chunk: int, score: float, documents: dict[int, tuple[Row, str]]) -> Hit | None:
        found = self.row(f"{CHUNK} WHERE id = ?", (chunk,))
        if found is None:
            return None
        key = found[1]
        if key not in documents:
            row = self.row(f"{DOCUMENT} WHERE key = ?", (key,))
            if row is None:
                raise damaged(self.folder, f"chunk {chunk} belongs to document {key}, which is not there")
            documents[key] = row, next(iter(self.names(key)), "")
        row, source = documents[key]
        made = _chunk(found, row[1], self.text(key, found[3], found[4]))
        labels = json.loads(row[8])["labels"]
        label = labels[made.page - 1] if made.page <= len(labels) else ""
        return Hit(made, score, source, label, unpack(row[5]))


def _chunk(row: Row, document_id: str, text: str) -> Chunk:
    identity, _, ordinal, start, stop, page, heading = row[:7]
    return Chunk(identity, document_id, ordinal, start, stop, text, page, unpack(heading))


def _source(row: Row, document_id: str | None) -> Source:
    uri, _, size, mtime_ns, outcome, reason, seen = row[:7]
    return Source(unpack(uri), size, mtime_ns, document_id, outcome, unpack(reason), seen)


def _holding(source: Source, row: Row | None) -> Holding:
    if row is None:
        return Holding(source, title="", pages=0, chunks=0)
    pages = json.loads(row[8])
    count = len(pages["starts"]) if pages["labels"] or len(pages["starts"]) > 1 else 0
    return Holding(source, unpack(row[5]), count, row[4], tuple(json.loads(row[9])["warnings"]))


def _document(row: Row, text: str, source: str) -> Document:
    pages, details = json.loads(row[8]), json.loads(row[9])
    return Document(
        id=row[1],
        text=text,
        source=source,
        title=unpack(row[5]),
        pages=tuple(pages["starts"]),
        labels=tuple(pages["labels"]),
        headings=tuple(Heading(*heading) for heading in details["headings"]),
        metadata=json.loads(row[7]),
        warnings=tuple(details["warnings"]),
    )
