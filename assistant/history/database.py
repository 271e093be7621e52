"""`answers.db`: one small SQLite file beside `kb.db`, opened for each request and closed after it.

It is a file of its own because it is written by readers of the knowledge base, has no part in its commits, and may be
deleted by itself at any time. What is removed is overwritten with zeros (secure_delete), and no log of old pages is
kept (journal_mode = DELETE).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import KnowledgeBaseBusy, KnowledgeBaseDamaged, KnowledgeBaseError, StorageFailed

NAME = "answers.db"
APPLICATION_ID = 0x4B45_5341  # "KESA": what `file answers.db` shows
FORMAT = 1
BUSY_SECONDS = 5.0

# `quoted` names every document whose text stands in a run, so that a receipt can count them.
_TABLES = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    asked REAL NOT NULL,
    words TEXT NOT NULL,        -- question and answer, case folded, to be searched
    answer BLOB NOT NULL,       -- JSON, compressed
    settings TEXT NOT NULL,     -- JSON
    verdict TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE quoted (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    document TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (run, document, source)
) WITHOUT ROWID;
CREATE INDEX quoted_document ON quoted (document);
"""
_PRAGMAS = ("trusted_schema = OFF", "foreign_keys = ON", "secure_delete = ON", "synchronous = FULL")


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection for reading, None where no answer was ever kept. Raises `KnowledgeBaseError`s."""
    path = folder / NAME
    if not path.exists() or not path.stat().st_size:  # the latter: the first writer was cut off
        yield None
        return
    begun = path.with_name(f"{NAME}-journal").exists()  # a writer is at work, or was killed at it
    with _translated(path):
        if begun and os.access(folder, os.W_OK):
            _take_back(path)
        with _connected(path, "ro" if begun or os.access(folder, os.W_OK) else "immutable") as connection:
            _recognise(connection, path)
            yield connection


def _take_back(path: Path) -> None:
    """Undo what a killed writer had begun. Connections that only read cannot, and refuse to read past it."""
    with _connected(path, "rw") as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


@contextmanager
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """A transaction: committed when the block ends well. The file is made at the first use, for its owner alone."""
    path = folder / NAME
    with _translated(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with _connected(path, "rw") as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                    _make(connection)
                _recognise(connection, path)
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        yield connection
    finally:
        connection.close()


def _make(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if mark != APPLICATION_ID:
        raise damaged(path, "it is another program's")
    if version > FORMAT:
        raise KnowledgeBaseError(f"{path} has format {version}; this version reads {FORMAT}.", "Update Kestrel.")


def damaged(path: Path, problem: str) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(
        f"The kept answers in {path} cannot be read: {problem}.",
        "Move that file away; the documents are stored elsewhere and are not touched by it.",
    )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """What sqlite3 or the system raises, as the fitting error of our tree."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise KnowledgeBaseBusy(f"{path} is locked by another program ({name}).", "Try again.") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT):
            raise damaged(path, f"{error} ({name})") from error
        raise StorageFailed(
            f"The disk refused {path}: {error} ({name}).", "Check permissions, mount and disk."
        ) from error
    except OSError as error:
        raise StorageFailed(f"The disk refused {path}: {error.strerror or error}.") from error
