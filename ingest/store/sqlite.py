"""A knowledge base in a folder: one SQLite database is the only truth and the only commit point."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Change, Committed, Finding, Holding, Receipt, Statistics
from ingest.documents import Chunk, Document, Filter, Hit, Model, Source
from ingest.errors import NothingIndexed, StorageFailed
from ingest.store.connection import DATABASE, Connections
from ingest.store.creation import create_database
from ingest.store.faults import translated
from ingest.store.keywords import FullTextIndex
from ingest.store.locks import FileLock
from ingest.store.reading import Snapshot
from ingest.store.rows import unpack_vectors
from ingest.store.schema import recognise
from ingest.store.vectors import VectorSearch
from ingest.store.writing import Batch

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix


class SqliteStore:
    """The `Store` in a folder. Threads may share it; a forked child opens its own connections by itself."""

    def __init__(self, location: str | Path, *, create: bool = False, read_only: bool = False) -> None:
        """Open the folder `location`; see `ingest.store.open_store` for the errors."""
        self.folder = Path(location)
        self.read_only = read_only
        self._write_lock = FileLock(self.folder / "write.lock")
        if not (self.folder / DATABASE).exists():
            if not create or read_only:
                raise NothingIndexed(
                    f"There is no knowledge base in {self.folder}.", f"Run: ingest add PATH --kb {self.folder}"
                )
            create_database(self.folder, self._write_lock)
        self._connections = Connections(self.folder)
        with self._snapshot() as snapshot:
            recognise(snapshot.connection, self.folder)
        self.keywords = FullTextIndex(self._connections)
        self._vectors = VectorSearch()

    def commit(self, changes: Sequence[Change]) -> Committed:
        """See `Store.commit`."""
        with self._transaction() as (snapshot, meta):
            return Batch(snapshot, meta).apply(changes)

    def maintain(self) -> None:
        """See `Store.maintain`."""

    def model(self) -> Model | None:
        with self._snapshot() as snapshot:
            found = snapshot.model()
        return found[1] if found else None

    def generation(self) -> int:
        with self._snapshot() as snapshot:
            return snapshot.generation()

    def statistics(self) -> Statistics:
        with self._snapshot() as snapshot:
            sources, documents, chunks = snapshot.connection.execute(
                "SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)"
            ).fetchone()
        size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        return Statistics(sources, documents, chunks, size)

    def sources(self) -> list[Source]:
        with self._snapshot() as snapshot:
            return snapshot.sources()

    def holdings(self) -> list[Holding]:
        with self._snapshot() as snapshot:
            return snapshot.holdings()

    def document(self, document_id: str) -> Document | None:
        with self._snapshot() as snapshot:
            return snapshot.document(document_id)

    def chunks(self, document_id: str) -> list[Chunk]:
        with self._snapshot() as snapshot:
            return snapshot.chunks(document_id)

    def hits(self, scored: Sequence[tuple[int, float]]) -> list[Hit]:
        with self._snapshot() as snapshot:
            return snapshot.hits(scored)

    def known_vectors(self, hashes: Iterable[bytes]) -> Mapping[bytes, FloatMatrix]:
        query = (
            "SELECT vectors.vector FROM chunks JOIN vectors ON vectors.chunk = chunks.id "
            "WHERE chunks.embedding_hash = ? LIMIT 1"
        )
        with self._snapshot() as snapshot:
            rows = {name: snapshot.connection.execute(query, (name,)).fetchone() for name in set(hashes)}
        return {name: unpack_vectors([row[0]], len(row[0]) // 2)[0] for name, row in rows.items() if row}

    def search_vectors(self, query: FloatMatrix, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        with self._snapshot() as snapshot:
            return self._vectors.search(snapshot, query, k, only)

    def receipt(self, source: Source, document: Document | None) -> Receipt:
        raise NotImplementedError

    def verify(self, full: bool = False) -> Iterator[Finding]:
        raise NotImplementedError

    def rebuild(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Close every connection. What the last writer left in the write-ahead log moves into the database."""
        self._connections.close()
        if self._connections.has_writer():
            with self._write_lock.held(), translated(self.folder):
                self._connections.close_writer()

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        with self._connections.snapshot() as connection:
            yield Snapshot(connection, self.folder)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Snapshot, dict[str, int]]]:
        """A write transaction under the write lock: committed when the block ends well, rolled back otherwise."""
        if self.read_only:
            raise StorageFailed(f"{self.folder} was opened for reading only.", "Open it without read_only.")
        with self._write_lock.held(), translated(self.folder):
            connection = self._connections.writer()
            connection.execute("BEGIN IMMEDIATE")
            try:
                snapshot = Snapshot(connection, self.folder)
                yield snapshot, snapshot.meta()
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite ends it by itself on some errors, a full disk for one
        connection.execute("ROLLBACK")
