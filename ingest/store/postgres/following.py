"""An ordinary knowledge-base folder kept in step with a database, for readers on unchanged code.

What is read lies below `pg_snapshot_xmin` of one snapshot: every transaction below it has ended, so nothing can appear
there later. Applying a stretch twice changes nothing, so the cursor may be written after the folder's commit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Change, Put, Record, Remove
from ingest.errors import KnowledgeBaseMismatch, UsageError
from ingest.store import FOLLOWING
from ingest.store.postgres.position import Position, read_position
from ingest.store.postgres.reading import (
    changed_sources,
    gone_sources,
    read_contents,
    read_entry,
    read_model,
    read_sources,
)

if TYPE_CHECKING:
    from psycopg import Connection

    from ingest.documents import Model, Source
    from ingest.store.postgres.connection import Server
    from ingest.store.sqlite import SqliteStore

GROUP_CHUNKS = 2048


class Follower:
    """Brings `store`, kept in `folder`, up to what the database holds. Nothing else may write to that folder."""

    def __init__(self, server: Server, store: SqliteStore, folder: Path) -> None:
        self._server = server
        self._store = store
        self._path = folder / FOLLOWING

    def catch_up(self) -> int:
        """How many names changed. Cheap when nothing did."""
        count, reached = self._server.read(self._step)
        if count:
            self._store.maintain()
        if reached:
            self._remember(reached)
        return count

    def _step(self, connection: Connection) -> tuple[int, Position | None]:
        there = read_position(connection)
        here = self._remembered(there)
        self._require_same_database(here, there)
        if there.precedes(here):
            if there.recovering and there.checkpoint <= here.timeline:
                return 0, None  # a standby that lags has nothing for us
            raise KnowledgeBaseMismatch(
                f"{self._server.name} is older than the folder that follows it: it was restored from a backup, or a "
                f"standby took over that did not have all ({there.generation} commits, of {here.generation} seen).",
                f"Where that was meant, remove {self._path.parent} and follow again.",
            )
        # On a new timeline numbers of transactions that were lost with the old one are given again.
        first = here.cursor if there.timeline == here.timeline else 0
        if first == there.cursor:
            return 0, None
        return self._apply(connection, first, there.cursor), there

    def _apply(self, connection: Connection, cursor: int, end: int) -> int:
        sources = changed_sources(connection, cursor, end)
        gone = gone_sources(connection, cursor, end) if cursor else self._not_there(connection)
        model = read_model(connection)
        for changes in _grouped(self._changes(connection, sources, model)):
            self._store.follow(changes)
        self._store.follow([Remove(uri) for uri in gone])
        return len(sources) + len(gone)

    def _changes(self, connection: Connection, sources: list[Source], model: Model | None) -> Iterator[Change]:
        known = {source.uri: source for source in self._store.sources()}
        here, there = self._store.contents(), read_contents(connection) if known else {}
        for source in sources:
            name = source.document_id or ""
            if known.get(source.uri) == source and here.get(name) == there.get(name):
                continue  # an earlier run, stopped before it wrote its cursor
            entry = read_entry(connection, source) if source.document_id else None
            yield Put(entry, model) if entry and model else Record(source)

    def _not_there(self, connection: Connection) -> list[str]:
        there = {source.uri for source in read_sources(connection)}
        return [source.uri for source in self._store.sources() if source.uri not in there]

    def _remembered(self, there: Position) -> Position:
        """Where the folder stands; at the beginning, where it has followed nothing yet."""
        if self._path.exists():
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            commits, here = kept.pop("commits", 0), Position(**{**asdict(there), **kept})
            # A copy of the folder may hold a cursor that its documents have not reached, as may one that lost commits.
            return here if commits <= self._store.generation() else replace(here, cursor=0)
        if self._store.sources():
            raise UsageError(
                f"{self._path.parent} holds documents of its own and follows no database.",
                "Follow into a new folder: what the database does not hold would be removed from this one.",
            )
        beginning = replace(there, generation=0, cursor=0)
        self._remember(beginning)
        return beginning

    def _require_same_database(self, here: Position, there: Position) -> None:
        if here.identity != there.identity:
            raise KnowledgeBaseMismatch(
                f"{self._path.parent} follows another database than {self._server.name}.",
                "Give another folder with --kb.",
            )
        if here.system != there.system:
            raise KnowledgeBaseMismatch(
                f"{self._server.name} is in another PostgreSQL now ({there.system}, it was {here.system}), by a dump "
                "or an upgrade, and that counts its transactions anew.",
                f"Remove {self._path.parent} and follow again.",
            )

    def _remember(self, position: Position) -> None:
        unfinished = self._path.with_suffix(f".{os.getpid()}.new")
        kept = {**position.lasting(), "commits": self._store.generation()}
        unfinished.write_text(json.dumps(kept), encoding="utf-8")
        unfinished.replace(self._path)


def _grouped(changes: Iterator[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    chunks = 0
    for change in changes:
        group.append(change)
        chunks += 1 + (len(change.entry.spans) if isinstance(change, Put) else 0)
        if chunks >= GROUP_CHUNKS:
            yield group
            group, chunks = [], 0
    if group:
        yield group
