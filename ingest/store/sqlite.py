"""A knowledge base in a folder: one SQLite database is the only truth and the only commit point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Change, Committed, Finding, Holding, Receipt, Statistics
from ingest.documents import Chunk, Document, Entry, Filter, Hit, Model, Source
from ingest.errors import UsageError
from ingest.store import FOLLOWING, ballast
from ingest.store.compaction import rebuild
from ingest.store.database import Database
from ingest.store.faults import DiskFull
from ingest.store.filters import Filters
from ingest.store.keywords import FullTextIndex, Weights
from ingest.store.maintenance import maintain
from ingest.store.reading import (
    read_chunks,
    read_contents,
    read_document,
    read_entry,
    read_hits,
    read_holdings,
    read_sources,
    read_statistics,
    read_tags,
)
from ingest.store.removal import receipt
from ingest.store.space import bytes_of, require_space
from ingest.store.stored_vectors import known_vectors, vectors_of
from ingest.store.vectors import VectorSearch
from ingest.store.verification import verify
from ingest.store.writing import Batch

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix
    from ingest.protocols import KeywordIndex

DELTA_ROWS = 20_000  # chunks outside of segments before a commit flushes them: 1 ms of every search


class SqliteStore:
    """The `Store` in a folder. Threads may share it; a forked child opens its own connections by itself."""

    def __init__(
        self, location: str | Path, *, create: bool = False, read_only: bool = False, weights: Weights | None = None
    ) -> None:
        """Open the folder `location`; see `ingest.store.open_store` for the errors."""
        self._database = Database(Path(location), create=create, read_only=read_only)
        filters = Filters()
        self.folder = self._database.folder
        self.keywords: KeywordIndex = FullTextIndex(self._database, filters, weights)
        self._vectors = VectorSearch(self._database, filters)
        self._removed: dict[str, range] = {}  # chunk ids of the documents that this object removed, for receipts
        self._unindexed = 0

    @property
    def degraded(self) -> tuple[str, ...]:
        """See `Store.degraded`."""
        return self._vectors.degraded

    def commit(self, changes: Sequence[Change]) -> Committed:
        """See `Store.commit`. Raises `UsageError` where the folder follows a database."""
        if (self.folder / FOLLOWING).exists():
            raise UsageError(
                f"{self.folder} follows a database, and what is written here would never get there.",
                "Write to the database: --kb postgresql://…; the folder has it a moment later.",
            )
        return self.follow(changes)

    def follow(self, changes: Sequence[Change]) -> Committed:
        """A commit as its follower makes it, and nobody else where the folder follows a database."""
        if not changes:
            return Committed(self.generation(), 0, 0, 0, 0)
        self._database.check_place()
        if self._unindexed > DELTA_ROWS:  # before this commit, so that its failure cannot be taken for one of ours
            self.maintain()
        size = bytes_of(changes)
        if size:
            require_space(self._database.folder, size)
        try:
            return self._commit(changes)
        except DiskFull:
            if size or not ballast.release(self._database.folder):
                raise
            return self._commit(changes)  # on a full disk, documents can still be removed

    def _commit(self, changes: Sequence[Change]) -> Committed:
        with self._database.transaction() as snapshot:
            batch = Batch(snapshot)
            committed = batch.apply(changes)
        self._unindexed = batch.unindexed
        self._removed.update(batch.removed)
        return committed

    def maintain(self) -> None:
        """See `Store.maintain`."""
        maintain(self._database)
        self._unindexed = 0

    def model(self) -> Model | None:
        with self._database.snapshot() as snapshot:
            found = snapshot.model()
        return found[1] if found else None

    def generation(self) -> int:
        with self._database.snapshot() as snapshot:
            return snapshot.generation()

    def statistics(self) -> Statistics:
        with self._database.unexamined() as snapshot:
            return read_statistics(snapshot)

    def sources(self) -> list[Source]:
        with self._database.snapshot() as snapshot:
            return read_sources(snapshot)

    def tags(self) -> Mapping[str, str]:
        with self._database.snapshot() as snapshot:
            return read_tags(snapshot)

    def holdings(self) -> list[Holding]:
        with self._database.snapshot() as snapshot:
            return read_holdings(snapshot)

    def document(self, document_id: str) -> Document | None:
        with self._database.snapshot() as snapshot:
            return read_document(snapshot, document_id)

    def contents(self, documents: Iterable[str] | None = None) -> Mapping[str, bytes]:
        """See `Store.contents`."""
        with self._database.snapshot() as snapshot:
            return read_contents(snapshot, documents)

    def entry(self, source: Source) -> Entry | None:
        """See `Store.entry`."""
        with self._database.snapshot() as snapshot:
            return read_entry(snapshot, source)

    def chunks(self, document_id: str) -> list[Chunk]:
        with self._database.snapshot() as snapshot:
            return read_chunks(snapshot, document_id)

    def hits(self, scored: Sequence[tuple[int, float]]) -> list[Hit]:
        with self._database.snapshot() as snapshot:
            return read_hits(snapshot, scored)

    def known_vectors(self, hashes: Iterable[bytes]) -> Mapping[bytes, FloatMatrix]:
        with self._database.snapshot() as snapshot:
            return known_vectors(snapshot, hashes)

    def vectors(self, chunks: Sequence[int]) -> Mapping[int, FloatMatrix]:
        with self._database.snapshot() as snapshot:
            found = vectors_of(snapshot, chunks)
        return dict(zip(found.ids.tolist(), found.vectors, strict=True))

    def search_vectors(self, query: FloatMatrix, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        return self._vectors.search(query, k, only)

    def receipt(self, source: Source, document: Document | None) -> Receipt:
        with self._database.snapshot() as snapshot:
            removed = self._removed.get(document.id) if document else None
            return receipt(snapshot, source, document, removed or range(0))

    def verify(self, full: bool = False) -> Iterator[Finding]:
        return verify(self._database, full)

    def rebuild(self) -> None:
        """See `Store.rebuild`."""
        rebuild(self._database)

    def close(self) -> None:
        """Close every connection; nothing can be asked afterwards."""
        self._database.close()
