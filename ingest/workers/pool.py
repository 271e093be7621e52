"""The pool of worker processes that read files: a crash, a hang or a memory bomb costs one file, never the run."""

from __future__ import annotations

import os
import pickle
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from ingest.waiting import taken
from ingest.workers.parsing import FailedFile, ParsedFile, Parser
from ingest.workers.process import WorkerProcess
from ingest.workers.worker import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.discovery import FoundFile
    from ingest.protocols import Chunker

__all__ = ["FailedFile", "Limits", "ParsedFile", "ParserPool"]

MOST_WORKERS = 4  # embedding is most of the work, and wants the other processors
WAITING_TASKS = 4  # per worker: enough that none is idle while its results are used, few enough that memory stays flat
WAITING_BYTES = 64_000_000
TASK_FILES = 32  # at most, of small files
TASK_BYTES = 64_000  # at most, where a task is more than one file
WATCH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    bytes: int = 256_000_000  # a larger file is not read
    seconds: float = 60.0  # by the clock
    memory: int = 2_000_000_000  # address space of a worker, held on Linux


class ParserPool:
    """Reads files and cuts them into spans in `workers` processes: by default one a processor, at most four.

    A context manager; leaving it ends the processes at once. `readers` names readers ("module:Class") that are asked
    before the built-in ones, `password` opens PDFs and Office files under one. Both and the chunker are pickled once
    for each process.
    """

    def __init__(
        self,
        chunker: Chunker,
        limits: Limits | None = None,
        workers: int | None = None,
        readers: tuple[str, ...] = (),
        password: str = "",
    ) -> None:
        limits = limits or Limits()
        count = workers or min(os.cpu_count() or 1, MOST_WORKERS)
        setup = Setup(Parser(chunker, limits.bytes, readers, password), limits.memory, round(limits.seconds))
        payload = pickle.dumps(setup)
        self._workers = [WorkerProcess(payload, limits.seconds) for _ in range(count)]
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=self._serve, args=(worker,), daemon=True) for worker in self._workers]
        self._watch = threading.Thread(target=self._enforce_limits, daemon=True, name="parser watch")

    def __enter__(self) -> Self:
        for thread in (*self._threads, self._watch):
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed.set()
        for worker in self._workers:
            worker.stop()
            self._tasks.put(None)
        for thread in (*self._threads, self._watch):
            thread.join()
        for worker in self._workers:
            worker.close()

    def parse(self, files: Iterable[FoundFile]) -> Iterator[ParsedFile | FailedFile]:
        """What became of each file, in the order in which they get done. Files are taken as room for them comes free.

        Raises `KestrelError` for what would go wrong with every file: a chunker that cannot be loaded, say.
        """
        done: SimpleQueue[_Done] = SimpleQueue()
        waiting = size = 0
        for task in _tasks(files, len(self._workers), done):
            while waiting and (waiting >= WAITING_TASKS * len(self._workers) or size + task.size > WAITING_BYTES):
                finished = taken(done)
                waiting, size = waiting - 1, size - finished.task.size
                yield from finished.results()
            self._tasks.put(task)
            waiting, size = waiting + 1, size + task.size
        for _ in range(waiting):
            yield from taken(done).results()

    def _serve(self, worker: WorkerProcess) -> None:
        """Hand one task after the other to a process, until the pool is closed."""
        while (task := self._tasks.get()) and not self._closed.is_set():
            try:
                task.done.put(_Done(task, worker.parse(task.files)))
            except Exception as error:  # noqa: BLE001 - it is raised where the results are taken
                task.done.put(_Done(task, error=error))

    def _enforce_limits(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            for worker in self._workers:
                worker.enforce()


@dataclass(frozen=True, slots=True)
class _Task:
    """Files that a worker reads in one go, and where it says so."""

    files: list[FoundFile]
    done: SimpleQueue[_Done]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class _Done:
    task: _Task
    parsed: Sequence[ParsedFile | FailedFile] = ()
    error: Exception | None = None

    def results(self) -> Sequence[ParsedFile | FailedFile]:
        if self.error:
            raise self.error
        return self.parsed


def _tasks(files: Iterable[FoundFile], workers: int, done: SimpleQueue[_Done]) -> Iterator[_Task]:
    """Small files together, the more the more there are: few files are better spread over all workers."""
    task = _Task([], done)
    for number, file in enumerate(files):
        if task.files and task.size + file.size > TASK_BYTES:
            yield task
            task = _Task([], done)
        task.files.append(file)
        if len(task.files) >= min(TASK_FILES, 1 + number // (WAITING_TASKS * workers)):
            yield task
            task = _Task([], done)
    if task.files:
        yield task
