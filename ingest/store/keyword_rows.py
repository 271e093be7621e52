"""Rows of the keyword index come and go.

The index keeps no copy of the text (`content=''`), so a row is deleted by telling FTS5 again what was indexed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.store.words import indexed


@dataclass(frozen=True, slots=True)
class Row:
    """What is indexed of one chunk."""

    chunk: int
    text: str
    context: str
    names: str

    def columns(self) -> tuple[int, str, str, str]:
        return self.chunk, indexed(self.text), indexed(self.context), self.names


def insert(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    connection.executemany(
        "INSERT INTO keywords (rowid, text, context, names) VALUES (?, ?, ?, ?)", (row.columns() for row in rows)
    )


def delete(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Take rows out; they must be as they were inserted."""
    connection.executemany(
        "INSERT INTO keywords (keywords, rowid, text, context, names) VALUES ('delete', ?, ?, ?, ?)",
        (row.columns() for row in rows),
    )


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")


def optimise(connection: sqlite3.Connection) -> None:
    """Merge the index into one b-tree, which leaves no trace of deleted rows."""
    connection.execute("INSERT INTO keywords (keywords) VALUES ('optimize')")
