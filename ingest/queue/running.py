"""A run over the queue: offer the files, have workers carry them out, and tell what became of each as one stream."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from ingest.queue.claiming import Task
from ingest.reports import Embedded, Event, Failed, Read, Stored, Unchanged
from ingest.store.postgres.connection import Server
from ingest.store.postgres.jobs import Job, Jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.discovery import FoundFile

LOOK_SECONDS = 0.3
LOOK_ROWS = 2000  # files are claimed in the order of their numbers, so what has ended is among the first


class Crew(Protocol):
    """Workers of one kind that serve a run."""

    def look_after(self, done: int) -> None:
        """Called again and again with how many files have ended since; replaces workers that died."""
        ...

    def close(self) -> None: ...


class QueuedIngest:
    """Reads and stores files by the workers that `crew` starts. Give it as `IngestOptions.elsewhere`."""

    def __init__(self, task: Task, crew: Callable[[Task, Jobs], Crew]) -> None:
        self._task = task
        self._crew = crew

    def __call__(self, files: Sequence[FoundFile]) -> Iterator[Event]:
        """What became of each file, in the order in which they get done. Stopped early, the rest stays in the queue."""
        with ExitStack() as closing:
            server = Server(self._task.location)
            closing.callback(server.close)
            jobs = Jobs(server)
            offers = [Job(file.uri, file.path, file.size, file.mtime_ns) for file in files]
            left = jobs.offer(offers, self._task.way)
            crew = self._crew(self._task, jobs)
            closing.callback(crew.close)
            yield from _told(jobs, crew, left)


def _told(jobs: Jobs, crew: Crew, left: dict[int, Job]) -> Iterator[Event]:
    waiting = dict(sorted(left.items()))
    while waiting:
        first = [key for key, _ in zip(waiting, range(LOOK_ROWS), strict=False)]
        ended = jobs.results(first)
        for key, result in ended.items():
            yield from _events(waiting.pop(key).uri, result)
        crew.look_after(len(ended))
        if waiting and not ended:
            time.sleep(LOOK_SECONDS)


def _events(uri: str, result: dict[str, Any]) -> Iterator[Event]:
    if "failed" in result:
        yield Failed(uri, result["failed"], result["reason"], result["bytes"])
        return
    yield Read(uri, result["bytes"], result["pages"], result["chunks"], tuple(result["warnings"]))
    yield Embedded(result["chunks"])
    yield Unchanged(uri) if result["ended"] == "unchanged" else Stored(uri, updated=result["ended"] == "updated")
