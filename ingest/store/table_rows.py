"""Rows by name, each sealed with a checksum of the columns before it.

Text columns that may hold anything a file name or a document may (NUL, lone surrogates) are UTF-8 bytes; see `rows`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, TypeVar

from ingest.store.rows import Column, blob_checksum, checksum


class ModelRow(NamedTuple):
    id: int
    name: str
    fingerprint: str
    dimension: int
    checksum: int


class DocumentRow(NamedTuple):
    key: int
    id: str
    content: bytes
    length: int
    chunks: int
    title: bytes
    names: str
    metadata: str
    pages: str
    details: str
    checksum: int


class TextRow(NamedTuple):
    document: int
    ordinal: int
    text: bytes
    checksum: int


class ChunkRow(NamedTuple):
    id: int
    document: int
    ordinal: int
    start: int
    stop: int
    page: int
    heading: bytes
    text_hash: bytes
    embedding_hash: bytes
    checksum: int


class VectorRow(NamedTuple):
    chunk: int
    model: int
    vector: bytes
    checksum: int


class SourceRow(NamedTuple):
    uri: bytes
    document: int | None
    size: int
    mtime_ns: int
    outcome: str
    reason: bytes
    seen: float
    checksum: int


class TagRow(NamedTuple):
    uri: bytes
    mtime_ns: int
    value: bytes
    checksum: int


class SegmentRow(NamedTuple):
    file: str
    model: int
    kind: str
    bytes: int
    crc: int
    vectors: int
    low: int
    high: int
    dead: int
    checksum: int


R = TypeVar("R", bound=tuple[Any, ...])

_TABLES: dict[type, str] = {
    ModelRow: "models",
    DocumentRow: "documents",
    TextRow: "texts",
    ChunkRow: "chunks",
    VectorRow: "vectors",
    SourceRow: "sources",
    TagRow: "tags",
    SegmentRow: "segments",
}


def table_of(kind: type) -> str:
    return _TABLES[kind]


@cache
def selection(kind: type) -> str:
    """The statement that reads rows of a kind, to which conditions can be added."""
    return f"SELECT {', '.join(kind.__annotations__)} FROM {_TABLES[kind]}"  # noqa: S608 - names of our own


def put_rows(connection: sqlite3.Connection, kind: type, rows: Iterable[tuple[Column, ...]]) -> None:
    """Insert rows of a kind or replace them by their keys."""
    columns = kind.__annotations__
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT OR REPLACE INTO {_TABLES[kind]} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    connection.executemany(statement, rows)


def sealed(*columns: Column) -> tuple[Column, ...]:
    """The columns of a row with their checksum behind them."""
    return (*columns, checksum(*columns))


def sealed_blob(first: int, second: int, blob: bytes) -> tuple[Column, ...]:
    """As `sealed`, for the rows of texts and vectors."""
    return first, second, blob, blob_checksum(blob, first, second)


def is_intact(row: tuple[Any, ...]) -> bool:
    """Whether a row is as it was sealed."""
    if isinstance(row, TextRow | VectorRow):  # one flipped bit in SQLite's row header makes a blob a string
        return isinstance(row[2], bytes) and row.checksum == blob_checksum(row[2], row[0], row[1])
    return bool(checksum(*row[:-1]) == row[-1])
