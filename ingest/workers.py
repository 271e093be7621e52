"""The pool of worker processes that read files: a crash, a hang or a memory bomb costs one file, never the run."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import LifoQueue
from typing import TYPE_CHECKING, Self

from ingest.parsing import FailedFile, ParsedFile, Parser
from ingest.worker import Setup
from ingest.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.discovery import FoundFile
    from ingest.protocols import Chunker

__all__ = ["FailedFile", "Limits", "ParsedFile", "ParserPool"]

MOST_WORKERS = 4  # embedding is most of the work, and wants the other processors
WAITING_FILES = 4  # per worker: enough that none is idle while its results are used, few enough that memory stays flat
WAITING_BYTES = 64_000_000
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
    before the built-in ones. The chunker is pickled once for each process.
    """

    def __init__(
        self, chunker: Chunker, limits: Limits | None = None, workers: int | None = None, readers: tuple[str, ...] = ()
    ) -> None:
        limits = limits or Limits()
        count = workers or min(os.cpu_count() or 1, MOST_WORKERS)
        setup = Setup(Parser(chunker, limits.bytes, readers), limits.memory, round(limits.seconds))
        payload = pickle.dumps(setup)
        self._workers = [WorkerProcess(payload, limits.seconds) for _ in range(count)]
        self._idle: LifoQueue[WorkerProcess] = LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="parser")
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._enforce_limits, daemon=True, name="parser watch")

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed.set()
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)
        self._watch.join()
        for worker in self._workers:
            worker.close()

    def parse(self, files: Iterable[FoundFile]) -> Iterator[ParsedFile | FailedFile]:
        """What became of each file, in the order in which they get done. Files are taken as room for them comes free.

        Raises `KestrelError` for what would go wrong with every file: a chunker that cannot be loaded, say.
        """
        waiting: dict[Future[ParsedFile | FailedFile], int] = {}
        for file in files:
            while waiting and self._is_full(waiting, file.size):
                yield from _finished(waiting)
            waiting[self._threads.submit(self._parse, file)] = file.size
        while waiting:
            yield from _finished(waiting)

    def _is_full(self, waiting: dict[Future[ParsedFile | FailedFile], int], size: int) -> bool:
        return len(waiting) >= WAITING_FILES * len(self._workers) or sum(waiting.values()) + size > WAITING_BYTES

    def _parse(self, file: FoundFile) -> ParsedFile | FailedFile:
        worker = self._idle.get()
        try:
            return worker.parse(file)
        finally:
            self._idle.put(worker)

    def _enforce_limits(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            for worker in self._workers:
                worker.enforce()


def _finished(waiting: dict[Future[ParsedFile | FailedFile], int]) -> Iterator[ParsedFile | FailedFile]:
    """Take what is done out of `waiting`, at least one."""
    wait(waiting, return_when=FIRST_COMPLETED)
    for future in [future for future in waiting if future.done()]:
        del waiting[future]
        yield future.result()
