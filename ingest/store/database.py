"""One knowledge base on disk: snapshots for reading, one transaction at a time for writing."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ingest.errors import KnowledgeBaseDamaged, NothingIndexed, StorageFailed, UsageError
from ingest.store import DATABASE
from ingest.store.connection import Connections
from ingest.store.copies import check_copy, is_copied, may_be_torn, torn
from ingest.store.creation import create_database
from ingest.store.faults import is_input_output_error, translated
from ingest.store.filesystems import refuse_network
from ingest.store.keyword_check import VOCABULARY
from ingest.store.locks import FileLock
from ingest.store.noted import Note, forget_commits, missing_commits, note_commit, read_note, remedy
from ingest.store.schema import recognise
from ingest.store.snapshot import Snapshot

_log = logging.getLogger(__name__)


class Database:
    """The folder, its locks and its connections. Threads share it; a forked child opens its own connections."""

    def __init__(self, folder: Path, *, create: bool, read_only: bool) -> None:
        self.folder = folder
        self.read_only = read_only
        self._write_lock = FileLock(folder / "write.lock")
        self._maintenance_lock = FileLock(folder / "maint.lock")
        self._failure: str = ""
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; a knowledge base is a folder.", "Give another place with --kb.")
        refuse_network(folder)
        if not (folder / DATABASE).exists():
            if not create or read_only:
                raise NothingIndexed(f"There is no knowledge base in {folder}.", f"Run: ingest add PATH --kb {folder}")
            create_database(folder, self._write_lock)
        self._connections = Connections(folder)
        self._examining = threading.Lock()
        self._unexamined = False
        self._torn: KnowledgeBaseDamaged | None = None
        note = read_note(folder)
        try:
            with self.unexamined() as snapshot:
                recognise(snapshot.connection, folder)
            self._look_at(note)
        except BaseException as error:
            self._connections.close()  # SQLite would share what they hold with later connections to the same file
            if isinstance(error, KnowledgeBaseDamaged) and is_copied(self, note):
                raise torn(folder, error.message) from error
            raise

    def _look_at(self, note: Note) -> None:
        try:
            generation = self.reached()
        except KnowledgeBaseDamaged:  # `verify` is to be had all the same, and tells what is wrong with the counters
            self._unexamined = not note.is_of(self.opened)
            return
        self._unexamined = may_be_torn(self, note, generation)
        missing = missing_commits(self.folder, note, generation)
        if missing and not self._unexamined:
            _log.warning("Damaged: %s. %s", missing, remedy(self.folder))

    @property
    def opened(self) -> tuple[int, int] | None:
        """The identity of the database file that was opened."""
        return self._connections.opened

    def reached(self) -> int:
        """The generation, of a torn copy as well."""
        with self.unexamined() as snapshot:
            return snapshot.generation()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A read transaction: everything in it sees one generation. Do not nest, do not hold it while waiting.

        Raises `KnowledgeBaseDamaged` where the folder is a torn copy; the first one in a copy checks that.
        """
        self._require_whole()
        with self.unexamined() as snapshot:
            yield snapshot

    def _require_whole(self) -> None:
        if self._unexamined:  # else no lock, which a child that is forked meanwhile would find taken for ever
            with self._examining:
                if self._unexamined:
                    self._torn = check_copy(self)
                    self._unexamined = False
        if self._torn:
            raise KnowledgeBaseDamaged(self._torn.message, self._torn.remedy)

    @contextmanager
    def unexamined(self) -> Iterator[Snapshot]:
        """As `snapshot`, of a torn copy as well."""
        with self._connections.snapshot() as connection:
            yield Snapshot(connection, self.folder)

    @contextmanager
    def scratch(self) -> Iterator[Snapshot]:
        """A read transaction on a connection of its own, with the temporary tables that look into the keyword index."""
        with translated(self.folder), closing(self._connections.separate()) as connection:
            connection.execute("PRAGMA query_only = OFF")  # temporary tables count as writing
            for statement in (*VOCABULARY, "BEGIN"):
                connection.execute(statement)
            yield Snapshot(connection, self.folder)

    @contextmanager
    def transaction(self) -> Iterator[Snapshot]:
        """A write transaction under the write lock: committed when the block ends well, rolled back otherwise.

        Raises `KnowledgeBaseDamaged` where commits are missing: what is written would hide that.
        """
        self._require_whole()
        with self._writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                snapshot = Snapshot(connection, self.folder)
                if missing := missing_commits(self.folder, read_note(self.folder), snapshot.generation()):
                    raise KnowledgeBaseDamaged(f"Nothing was written, for {missing}.", remedy(self.folder))
                yield snapshot
                generation = snapshot.generation()
                connection.execute("COMMIT")
                note_commit(self.folder, self._connections.opened, generation)
            finally:
                if connection.in_transaction:  # SQLite itself ends it on some errors, a full disk for one
                    connection.execute("ROLLBACK")

    def accept(self) -> None:
        """Go on with what is there, also where commits are missing, or where it is a torn copy."""
        with self._writing():
            forget_commits(self.folder)
            self._unexamined, self._torn = False, None
            with suppress(KnowledgeBaseDamaged):
                note_commit(self.folder, self.opened, self.reached())

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Only one process at a time changes segments. Commits go on meanwhile."""
        self._refuse_unwritable()
        with translated(self.folder), self._maintenance_lock.held():
            self._connections.check_place()
            yield

    def compact(self) -> bool:
        """Write the database anew without its free pages, and empty the log. False when readers were in the way."""
        with self._writing() as connection:
            connection.execute("VACUUM")
            blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not blocked

    def close(self) -> None:
        """Close every connection. What the log still holds moves into the database, under the write lock."""
        self._connections.close()
        if self._connections.has_writer():
            with translated(self.folder), self._write_lock.held():
                self._connections.close_writer()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._refuse_unwritable()
        with translated(self.folder), self._write_lock.held():
            try:
                yield self._connections.writer()
            except sqlite3.OperationalError as error:
                if is_input_output_error(error):
                    # After a failed fsync nobody knows what is on the disk, and trying again may falsely succeed
                    # (Rebello et al. 2020, https://www.usenix.org/conference/atc20/presentation/rebello).
                    self._failure = str(error)
                    self._connections.abandon_writer()
                raise

    def check_place(self) -> None:
        """Raises `KnowledgeBaseError` when the database that was opened is no longer the one in the folder."""
        self._connections.check_place()

    def _refuse_unwritable(self) -> None:
        self.check_place()
        if self.read_only:
            raise StorageFailed(f"{self.folder} was opened for reading only.", "Open it for writing.")
        if self._failure:
            raise StorageFailed(
                f"Writing to {self.folder} was stopped by an I/O error ({self._failure}).",
                f"Check the disk, then run: ingest verify --full --kb {self.folder}",
            )
        if not os.access(self.folder, os.W_OK):
            raise StorageFailed(f"{self.folder} cannot be written to.", "Check its permissions and its mount.")
