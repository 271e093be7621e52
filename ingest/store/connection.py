"""Connections to `kb.db`: how they are set up, and how threads and forked processes share them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ingest.errors import KnowledgeBaseError
from ingest.store import DATABASE
from ingest.store.faults import translated

BUSY_SECONDS = 30.0
READERS = 8  # connections at most; more threads wait for one
LOG_BYTES = 64 << 20  # what is kept of the write-ahead log after a checkpoint

# No mmap_size: with the WAL-reset bug of SQLite 3.7.0 - 3.51.2 it is blamed for damage in the field. The same bug is
# why readers are `mode=ro`, which cannot checkpoint, and why all writing happens under one file lock.
_COMMON = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA foreign_keys = ON")
_READING = (*_COMMON, "PRAGMA query_only = ON")
_WRITING = (
    *_COMMON,
    "PRAGMA synchronous = FULL",  # NORMAL lost acknowledged documents in 58 of 100 simulated power cuts, FULL in none
    "PRAGMA fullfsync = ON",  # macOS: fsync alone leaves data in the disk's cache
    "PRAGMA secure_delete = ON",
    f"PRAGMA journal_size_limit = {LOG_BYTES}",
)

# Kept alive, since closing is what must not happen: a parent's connections in a forked child, a writer after an I/O
# error.
_abandoned: list[sqlite3.Connection] = []


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a database. `mode` is "rw", "ro", or "immutable" for media that nobody can write to."""
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions are begun by us, never by the driver
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # checksums see what is not UTF-8
    try:
        for pragma in _WRITING if mode == "rw" else _READING:
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that takes its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _keep_for_ever(connection: sqlite3.Connection) -> None:
    """Not even the end of the program closes it."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


class Connections:
    """The connections of one process to one database: a bounded pool for reading, and one for writing.

    After a fork the child opens its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self.opened = identity(self.path)
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._closed = False
        self._guard = threading.Lock()
        self._turns = threading.BoundedSemaphore(READERS)
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None

    def _own_process(self) -> None:
        if self._pid != os.getpid():
            _abandoned.extend(self._idle)
            if self._writer is not None:
                _abandoned.append(self._writer)
            self._start()

    @property
    def is_replaced(self) -> bool:
        """Whether the database that was opened is no longer the one in the folder."""
        return identity(self.path) != self.opened

    def check_place(self) -> None:
        """Raises `KnowledgeBaseError` when the database was removed or replaced: what is written would be lost."""
        if self.is_replaced:
            self._leave()
            raise KnowledgeBaseError(
                f"The knowledge base in {self.folder} was removed or replaced after it was opened.", "Open it again."
            )

    def _leave(self) -> None:
        """Let go of a database that is gone, closing nothing: SQLite would delete the log by its name, and that is the
        log of the database that stands there now."""
        with self._guard:
            self._closed = True
            for connection in (*self._idle, *filter(None, [self._writer])):
                _keep_for_ever(connection)
            self._idle, self._writer = [], None

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: everything in it sees one generation. Do not nest, do not hold it while waiting."""
        self._own_process()
        self.check_place()
        with self._turns, translated(self.folder):
            connection = self._take()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give(connection)

    def separate(self) -> sqlite3.Connection:
        """A reading connection outside of the pool; the caller closes it."""
        self.check_place()
        return connect(self.path, self._reading_mode())

    def writer(self) -> sqlite3.Connection:
        """The writing connection. Use and close it under the write lock only."""
        self._own_process()
        self.check_place()
        if self._closed:
            raise self._is_closed()
        if self._writer is None:
            self._writer = connect(self.path, "rw")
        return self._writer

    def has_writer(self) -> bool:
        self._own_process()
        return self._writer is not None

    def close_writer(self) -> None:
        self._own_process()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def abandon_writer(self) -> None:
        """Leave the writer as it is, neither used nor closed: closing would write once more."""
        if self._writer is not None:
            _abandoned.append(self._writer)
            self._writer = None

    def close(self) -> None:
        """Close the readers; one that is in use is closed when it comes back."""
        self._own_process()
        if self.is_replaced:
            self._leave()
        with self._guard:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise self._is_closed()
            if self._idle:
                return self._idle.pop()
        return connect(self.path, self._reading_mode())

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if self._closed:
                _keep_for_ever(connection) if self.is_replaced else connection.close()
            else:
                self._idle.append(connection)

    def _reading_mode(self) -> str:
        # Reading needs the shared-memory file beside the database; where it cannot be made, nobody can write either.
        log = self.path.with_name(f"{DATABASE}-wal")
        return "ro" if log.exists() or os.access(self.folder, os.W_OK) else "immutable"

    def _is_closed(self) -> KnowledgeBaseError:
        return KnowledgeBaseError(f"The knowledge base {self.folder} has been closed.", "Open it again.")
