"""The queue of files to read: a table beside the documents, so a job ends in the transaction that stores its file.

A worker claims rows for a while (a lease) under a token, and works outside any transaction. What it stores counts only
while its token still stands in the row: a worker that comes back after its lease was given to another changes nothing.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.changes import Put, Record
from ingest.store.postgres.reading import named_sources
from ingest.store.postgres.writing import Batch
from ingest.store.rows import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from ingest.changes import Change
    from ingest.documents import Source
    from ingest.store.postgres.connection import Server

OFFER_ROWS = 1000  # in one transaction
KEPT = "1 day"  # for which the results of finished jobs stay

_OFFER = (
    "INSERT INTO jobs (uri, path, size, mtime_ns, chunker) "
    "SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::bigint[], %s::bigint[]) AS files, (SELECT %s::text) AS chunker "
    "ON CONFLICT (uri) DO UPDATE SET path = excluded.path, size = excluded.size, mtime_ns = excluded.mtime_ns, "
    "chunker = excluded.chunker, finished = NULL, result = NULL, "
    "tries = CASE WHEN jobs.finished IS NULL THEN jobs.tries ELSE 0 END RETURNING id, uri"
)
_FREE = "finished IS NULL AND (until IS NULL OR until < now()) AND chunker = %s"
# Whatever was claimed before may have killed its worker: it is tried alone, so that it takes no other file with it.
_NEXT = (
    f"WITH first AS (SELECT id, tries FROM jobs WHERE {_FREE} ORDER BY tries > 0, id FOR UPDATE SKIP LOCKED LIMIT %s), "  # noqa: S608
    "chosen AS (SELECT id FROM first WHERE tries = 0 UNION ALL (SELECT id FROM first WHERE "
    "NOT EXISTS (SELECT FROM first WHERE tries = 0) LIMIT 1)) "
    "UPDATE jobs SET claim = %s, until = now() + %s * interval '1 second', worker = %s, tries = jobs.tries + 1 "
    "FROM chosen WHERE jobs.id = chosen.id RETURNING jobs.id, uri, path, size, mtime_ns, jobs.tries"
)


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read. Where it is claimed, `id` is its number and `tries` counts the claims, this one too."""

    uri: str
    path: Path
    size: int
    mtime_ns: int
    id: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What one worker holds, all under one token; empty when there was nothing to do."""

    token: uuid.UUID
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """How much stands in the queue: free, claimed, and claimed under a lease that has run out."""

    waiting: int
    claimed: int
    expired: int


class Jobs:
    """The queue in the database of `server`; threads and processes share it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def offer(self, files: Sequence[Job], chunker: str) -> dict[int, Job]:
        """Enter files, each once however often it is offered. Gives them by their numbers."""
        offered: dict[int, Job] = {}
        by_uri = {pack(file.uri): file for file in files}
        uris = sorted(by_uri)  # one order, so that two who offer the same files do not wait for each other in a ring
        for start in range(0, len(uris), OFFER_ROWS):
            part = [by_uri[uri] for uri in uris[start : start + OFFER_ROWS]]

            def enter(connection: Connection, part: Sequence[Job] = part) -> dict[str, Any]:
                columns = [
                    [pack(file.uri) for file in part],
                    [os.fsencode(file.path) for file in part],
                    [file.size for file in part],
                    [file.mtime_ns for file in part],
                ]
                return {str(key): bytes(uri).hex() for key, uri in connection.execute(_OFFER, (*columns, chunker))}

            entered = self._server.unit(enter)
            offered.update((int(key), by_uri[bytes.fromhex(uri)]) for key, uri in entered.items())
        self._server.unit(_forget_finished)
        return offered

    def claim(self, worker: str, chunker: str, count: int, lease: float) -> Claim:
        """At most `count` files for `lease` seconds; a file that was claimed before comes alone."""
        token = uuid.uuid4()

        def take(connection: Connection) -> dict[str, Any]:
            rows = connection.execute(_NEXT, (chunker, count, token, lease, worker)).fetchall()
            return {"rows": [[row[0], bytes(row[1]).hex(), bytes(row[2]).hex(), *row[3:]] for row in rows]}

        rows = self._server.unit(take)["rows"]
        return Claim(token, tuple(sorted((_job(*row) for row in rows), key=lambda job: job.id)))

    def renew(self, token: uuid.UUID, lease: float) -> None:
        """Hold a claim for `lease` seconds from now, as far as it is still held."""
        longer = "UPDATE jobs SET until = now() + %s * interval '1 second' WHERE claim = %s AND finished IS NULL"
        with self._server.translated(), self._server.connection() as connection:
            connection.execute(longer, (lease, token))

    def release(self, worker: str, *, tried: bool) -> None:
        """Give back all that a worker holds. Not `tried`: it stopped in order, and the files had no part in it."""
        back = "UPDATE jobs SET claim = NULL, until = NULL, tries = tries - %s WHERE worker = %s AND finished IS NULL"
        held, values = " AND claim IS NOT NULL", (int(not tried), worker)
        self._server.unit(lambda connection: {"rows": connection.execute(back + held, values).rowcount})

    def stored(self, claim: Claim) -> dict[str, Source]:
        """What the knowledge base holds under the names of the claimed files."""
        names = [job.uri for job in claim.jobs]
        sources = self._server.read(lambda connection: named_sources(connection, names))
        return {source.uri: source for source in sources}

    def finish(self, claim: Claim, changes: Sequence[Change], results: Mapping[str, dict[str, Any]]) -> set[str]:
        """Apply changes and end their jobs, in one transaction. Gives the uris that counted.

        A job that is no longer held under the token is left out, with its change: another worker has it.
        """
        jobs = {job.uri: job.id for job in claim.jobs}
        by_uri = {_uri(change): change for change in changes}

        def end(connection: Connection) -> dict[str, Any]:
            held = [uri for uri in by_uri if _end(connection, jobs[uri], claim.token, results[uri])]
            if held:
                Batch(connection).apply([by_uri[uri] for uri in held])
            return {"held": held}

        return set(self._server.unit(end)["held"]) if by_uri else set()

    def results(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Of these jobs, those that have ended."""
        ended = "SELECT id, result FROM jobs WHERE id = ANY(%s) AND finished IS NOT NULL"
        rows = self._server.read(lambda connection: connection.execute(ended, (list(ids),)).fetchall())
        return {key: json.loads(result) for key, result in rows}

    def depth(self) -> Depth:
        count = (
            "SELECT count(*) FILTER (WHERE claim IS NULL), count(*) FILTER (WHERE until >= now()), "
            "count(*) FILTER (WHERE until < now()) FROM jobs WHERE finished IS NULL"
        )
        row = self._server.read(lambda connection: connection.execute(count).fetchone())
        assert row is not None
        return Depth(*row)


def _end(connection: Connection, job: int, token: uuid.UUID, result: dict[str, Any]) -> bool:
    """Whether the job was still held. Its row stays locked to the end of the transaction."""
    ended = (
        "UPDATE jobs SET finished = clock_timestamp(), result = %s, claim = NULL, until = NULL "
        "WHERE id = %s AND claim = %s AND finished IS NULL"
    )
    return connection.execute(ended, (json.dumps(result), job, token)).rowcount == 1


def _forget_finished(connection: Connection) -> dict[str, Any]:
    connection.execute(f"DELETE FROM jobs WHERE finished < now() - interval '{KEPT}'")  # noqa: S608 - words of our own
    return {}


def _uri(change: Change) -> str:
    match change:
        case Put(entry):
            return entry.source.uri
        case Record(source):
            return source.uri
        case _:
            return change.uri


def _job(key: int, uri: str, path: str, size: int, mtime_ns: int, tries: int) -> Job:
    return Job(unpack(bytes.fromhex(uri)), Path(os.fsdecode(bytes.fromhex(path))), size, mtime_ns, key, tries)
