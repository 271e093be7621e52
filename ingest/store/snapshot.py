"""A read transaction that checks what it reads: a row that is not what was written is never returned."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ingest.documents import Model
from ingest.store.faults import damaged
from ingest.store.rows import BLOCK, unpack
from ingest.store.schema import read_meta
from ingest.store.table_rows import DocumentRow, ModelRow, SourceRow, TextRow, is_intact, selection, table_of

R = TypeVar("R", bound=tuple[Any, ...])


class Snapshot:
    """Everything asked of it sees one generation. Raises `KnowledgeBaseDamaged`."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder

    def unchecked(self, kind: type[R], rest: str = "", parameters: Sequence[Any] = ()) -> Iterator[R]:
        """Rows of a kind as they are stored; `rest` of the statement says which."""
        return map(kind._make, self.connection.execute(f"{selection(kind)} {rest}", parameters))  # type: ignore[attr-defined]

    def rows(self, kind: type[R], rest: str = "", parameters: Sequence[Any] = ()) -> Iterator[R]:
        """Rows of a kind, checked."""
        for row in self.unchecked(kind, rest, parameters):
            if not is_intact(row):
                raise damaged(self.folder, f"row {row[0]!r} of {table_of(kind)} was altered")
            yield row

    def row(self, kind: type[R], rest: str, parameters: Sequence[Any] = ()) -> R | None:
        return next(self.rows(kind, rest, parameters), None)

    def has(self, kind: type) -> bool:
        """Whether there is a table of such rows; those that came later are made when they are first needed."""
        return bool(self.number("SELECT count(*) FROM sqlite_schema WHERE name = ?", (table_of(kind),)))

    def number(self, query: str, parameters: Sequence[Any] = ()) -> int:
        """The one number that a query returns."""
        return int(self.connection.execute(query, parameters).fetchone()[0])

    def meta(self) -> dict[str, int]:
        return read_meta(self.connection, self.folder)

    def generation(self) -> int:
        return self.meta()["generation"]

    def model(self) -> tuple[int, Model] | None:
        """The key of the active model and the model."""
        found = self.row(ModelRow, "WHERE id = (SELECT value FROM meta WHERE name = 'model')")
        return (found.id, Model(found.name, found.fingerprint, found.dimension)) if found else None

    def document(self, document_id: str) -> DocumentRow | None:
        return self.row(DocumentRow, "WHERE id = ?", (document_id,))

    def names(self, key: int) -> list[str]:
        """The uris that name a document, in order."""
        return [unpack(row.uri) for row in self.rows(SourceRow, "WHERE document = ? ORDER BY uri", (key,))]

    def text(self, key: int, start: int, stop: int) -> str:
        """Characters start to stop of a document's text, from the rows that hold them and no others."""
        first, last = start // BLOCK, max(start, stop - 1) // BLOCK
        which = "WHERE document = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal"
        pieces = [unpack(row.text) for row in self.rows(TextRow, which, (key, first, last))]
        return "".join(pieces)[start - first * BLOCK : stop - first * BLOCK]
