"""The loop of a worker: claim files, read and embed them outside any transaction, store them while the claim holds."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingest.changes import Put, Record
from ingest.chunkers import open_chunker
from ingest.discovery import FoundFile
from ingest.documents import Source
from ingest.errors import StorageFailed
from ingest.knowledge_base import KnowledgeBase
from ingest.reports import Read
from ingest.store.postgres.connection import PAUSE_SECONDS, RETRY_SECONDS, Server
from ingest.store.postgres.jobs import Claim, Job, Jobs
from ingest.workers.pool import FailedFile, Limits, ParsedFile, ParserPool
from ingest.writer import Writer, altered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.changes import Change
    from ingest.protocols import Store

CLAIM_FILES = 8  # a claim ends with a commit; fewer files cost more commits, more make the last worker finish late
MOST_TRIES = 4  # of which all but the first are alone: what ends four workers is the file
IDLE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Task:
    """What every worker of a run is told. `lease` is for how many seconds a claim holds without being renewed.

    `again` replaces what is stored of files that did not change.
    """

    location: str
    chunker: str = "sentence"
    embedder: str | None = None
    limits: Limits = field(default_factory=Limits)
    lease: float = 30.0
    again: bool = False

    @property
    def way(self) -> str:
        """Under what files are offered and claimed: workers of other runs leave alone what they would do otherwise."""
        return f"{self.chunker} again" if self.again else self.chunker


def work(task: Task, worker: str, stopped: Callable[[], bool]) -> None:
    """Claim and store until `stopped`. `worker` is a name that no other one has, but one that died had before."""
    with closing(Server(task.location)) as server:
        jobs = Jobs(server)
        jobs.release(worker, tried=True)
        try:
            with _opened(task) as knowledge:
                _serve(task, worker, stopped, knowledge, jobs)
        except BaseException:
            with suppress(StorageFailed):  # then what is claimed comes free with its lease
                jobs.release(worker, tried=True)
            raise


def _serve(task: Task, worker: str, stopped: Callable[[], bool], knowledge: KnowledgeBase, jobs: Jobs) -> None:
    with ParserPool(open_chunker(task.chunker, knowledge.embedder), task.limits, workers=1) as pool:
        while not stopped():
            claim = jobs.claim(worker, task.way, CLAIM_FILES, task.lease)
            with _renewed(jobs, claim, task.lease):
                _carry_out(task, knowledge, jobs, claim, pool)
            if not claim.jobs:
                time.sleep(IDLE_SECONDS)


def _opened(task: Task) -> KnowledgeBase:
    """Waits where the database is away: a worker may be started in the middle of a failover."""
    until = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            return KnowledgeBase.open(task.location, embedder=task.embedder)
        except StorageFailed:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)


def _carry_out(task: Task, knowledge: KnowledgeBase, jobs: Jobs, claim: Claim, pool: ParserPool) -> None:
    if not claim.jobs:
        return
    stored = jobs.stored(claim)
    outcome = _Outcome(jobs, claim, dict(stored), knowledge.store)
    writer = Writer(knowledge, stored, outcome.commit, task.again)
    for steps in _steps(writer, claim, pool):
        for event in steps:
            if isinstance(event, Read):
                outcome.read[event.source] = event


def _steps(writer: Writer, claim: Claim, pool: ParserPool) -> Iterator[Iterator[Any]]:
    hopeless = [job for job in claim.jobs if job.tries > MOST_TRIES]
    files = [FoundFile(job.path, job.size, job.mtime_ns, job.uri) for job in claim.jobs if job not in hopeless]
    for job in hopeless:
        yield writer.refuse(_given_up(job))
    for outcome in pool.parse(files):
        yield writer.take(outcome) if isinstance(outcome, ParsedFile) else writer.refuse(outcome)
    yield writer.flush()


def _given_up(job: Job) -> FailedFile:
    reason = f"the worker that had it ended {MOST_TRIES} times; it is not tried again until it changes"
    return FailedFile(Source(job.uri, job.size, job.mtime_ns, None, "parse_error", reason, time.time()))


class _Outcome:
    """Ends the jobs of a claim in the transaction that stores their files. `before` is what was stored before."""

    def __init__(self, jobs: Jobs, claim: Claim, before: dict[str, Source], store: Store) -> None:
        self._jobs = jobs
        self._claim = claim
        self._before = before
        self._store = store
        self._altered: set[str] = set()
        self.read: dict[str, Read] = {}

    def commit(self, changes: Sequence[Change]) -> None:
        self._altered = altered(self._store, changes)
        self._jobs.finish(self._claim, changes, dict(map(self._result, changes)))

    def _result(self, change: Change) -> tuple[str, dict[str, Any]]:
        """What the one who offered the file is told of it."""
        assert isinstance(change, Put | Record)
        source = change.entry.source if isinstance(change, Put) else change.source
        if source.outcome != "ok":
            return source.uri, {"failed": source.outcome, "reason": source.reason, "bytes": source.size}
        before, read = self._before.get(source.uri), self.read[source.uri]
        held = before.document_id if before else None
        same = held == source.document_id and held not in self._altered
        ended = "stored" if held is None else "unchanged" if same else "updated"
        facts = {"bytes": read.bytes, "pages": read.pages, "chunks": read.chunks, "warnings": read.warnings}
        return source.uri, {"ended": ended, **facts}


@contextmanager
def _renewed(jobs: Jobs, claim: Claim, lease: float) -> Iterator[None]:
    """Renews a claim from a thread of its own, three times in a lease, for as long as the block lasts.

    Where the server is away, the lease may run out; then the claim's token decides who stores.
    """
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(lease / 3):
            with suppress(StorageFailed):
                jobs.renew(claim.token, lease)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    if claim.jobs:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if claim.jobs:
            thread.join()
