"""The `Store` in PostgreSQL. Searching happens in a folder on this machine that follows the database."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Change, Committed, Finding, Holding, Place, Receipt, Statistics
from ingest.documents import Chunk, Document, Entry, Filter, Hit, Model, Source
from ingest.errors import KestrelError, NothingIndexed, StorageFailed
from ingest.store.document_rows import content_hash
from ingest.store.postgres import reading
from ingest.store.postgres.connection import Server
from ingest.store.postgres.following import Follower
from ingest.store.postgres.schema import SCHEMA, TABLES
from ingest.store.postgres.writing import Batch
from ingest.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix
    from ingest.protocols import KeywordIndex


class PostgresStore:
    """Documents, names and vectors are read from the database; chunks by their ids, and searches, from the folder."""

    def __init__(self, location: str | Path, *, create: bool = False, read_only: bool = False) -> None:
        """Open `postgresql://HOST[,HOST…]/DATABASE`; see `ingest.store.open_store` for the errors."""
        self._server = Server(str(location), standby=read_only)
        self._read_only = read_only
        try:
            identity = self._identity(create=create and not read_only)
        except KestrelError:
            self._server.close()
            raise
        self.folder = _cache_folder(identity)
        self._cache = SqliteStore(self.folder, create=True)
        self._follower = Follower(self._server, self._cache, self.folder)
        self._following = threading.Lock()
        self.keywords: KeywordIndex = _FollowedKeywords(self)

    @property
    def degraded(self) -> Sequence[str]:
        return self._cache.degraded

    def commit(self, changes: Sequence[Change]) -> Committed:
        """See `Store.commit`: one transaction, run again as a whole when the server fails under it."""
        self._refuse_unwritable()
        if not changes:
            return Committed(self.generation(), 0, 0, 0, 0)
        return Committed(**self._server.unit(lambda connection: Batch(connection).apply(changes)))

    def maintain(self) -> None:
        """Forget the tokens of commits that nobody can ask for any more, and bring the folder up to date."""
        self._refuse_unwritable()
        old = "DELETE FROM commits WHERE made < now() - interval '1 day'"
        self._server.unit(lambda connection: {"rows": connection.execute(old).rowcount})
        self.followed()

    def model(self) -> Model | None:
        return self._server.read(reading.read_model)

    def generation(self) -> int:
        return self._number("SELECT generation FROM base")

    def statistics(self) -> Statistics:
        sources, documents, chunks = (
            self._number(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our own
            for table in ("sources", "documents", "chunks")
        )
        tables = "relnamespace = %s::regnamespace AND relkind = 'r'"
        size = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE {tables}"  # noqa: S608
        return Statistics(sources, documents, chunks, self._number(size, (SCHEMA,)))

    def sources(self) -> list[Source]:
        return self._server.read(reading.read_sources)

    def tags(self) -> Mapping[str, str]:
        return self._server.read(reading.read_tags)

    def holdings(self) -> list[Holding]:
        return self._server.read(reading.read_holdings)

    def document(self, document_id: str) -> Document | None:
        entry = self._server.read(lambda connection: reading.first_entry(connection, document_id))
        return entry.document if entry else None

    def contents(self, documents: Iterable[str] | None = None) -> Mapping[str, bytes]:
        wanted = None if documents is None else list(documents)  # it may be read more than once
        return self._server.read(lambda connection: reading.read_contents(connection, wanted))

    def entry(self, source: Source) -> Entry | None:
        return self._server.read(lambda connection: reading.read_entry(connection, source))

    def known_vectors(self, hashes: Iterable[bytes]) -> Mapping[bytes, FloatMatrix]:
        wanted = list(hashes)  # it may be read more than once
        return self._server.read(lambda connection: reading.read_known_vectors(connection, wanted))

    def chunks(self, document_id: str) -> list[Chunk]:
        return self.followed().chunks(document_id)

    def hits(self, scored: Sequence[tuple[int, float]]) -> list[Hit]:
        return self.followed().hits(scored)

    def vectors(self, chunks: Sequence[int]) -> Mapping[int, FloatMatrix]:
        return self.followed().vectors(chunks)

    def search_vectors(self, query: FloatMatrix, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        return self.followed().search_vectors(query, k, only)

    def receipt(self, source: Source, document: Document | None) -> Receipt:
        """As of a folder, with the database and the other followers, of whom this process knows nothing."""
        receipt = self.followed().receipt(source, document)
        there = bool(document and self.document(document.id))
        freed = "until PostgreSQL vacuums and recycles its log; backups are yours to expire"
        database = Place("database", "remains") if there else Place("database", "unreachable", freed)
        others = Place("other followers", "remains", "until each has followed")
        places = (database, *receipt.places, others)
        return Receipt(receipt.source, receipt.document_id, receipt.chunks, places, receipt.kept_by)

    def verify(self, full: bool = False) -> Iterator[Finding]:
        """Reads every document and vector with `full`; PostgreSQL's own page checksums stand below that."""
        self.followed()
        if full:
            contents = self.contents()
            for source in self.sources():
                entry = self.entry(source) if source.document_id else None
                if entry and content_hash(entry) != contents.get(entry.document.id, content_hash(entry)):
                    yield Finding(source.uri, "the stored document is not what was written", "Restore a backup.")
        yield from self._cache.verify(full)

    def rebuild(self) -> None:
        """Make the folder's caches anew, and let PostgreSQL reuse the space of what was removed."""
        self._refuse_unwritable()
        with self._server.translated(), self._server.connection() as connection:
            connection.execute("VACUUM documents, chunks, sources, gone, commits")
        self.followed().rebuild()

    def close(self) -> None:
        self._server.close()
        self._cache.close()

    def followed(self) -> SqliteStore:
        """The folder, in step with all that no running transaction can still change."""
        with self._following:
            self._follower.catch_up()
        return self._cache

    def _identity(self, *, create: bool) -> str:
        with self._server.translated(), self._server.connection() as connection:
            if create:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(hashtext('kestrel'))")  # two may make it at once
                    for statement in TABLES:
                        connection.execute(statement)
            if connection.execute("SELECT to_regclass('base')").fetchone() == (None,):
                remedy = f"Run: ingest add PATH --kb {self._server.name}"
                raise NothingIndexed(f"There is no knowledge base in {self._server.name}.", remedy)
            row = connection.execute("SELECT identity::text FROM base").fetchone()
        assert row is not None
        return str(row[0])

    def _number(self, query: str, values: tuple[object, ...] = ()) -> int:
        row = self._server.read(lambda connection: connection.execute(query, values).fetchone())
        assert row is not None
        return int(row[0])

    def _refuse_unwritable(self) -> None:
        if self._read_only:
            raise StorageFailed(f"{self._server.name} was opened for reading only.", "Open it for writing.")


class _FollowedKeywords:
    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def search(self, query: str, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        return self._store.followed().keywords.search(query, k, only)


def _cache_folder(identity: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("kestrel") / "followers" / identity
