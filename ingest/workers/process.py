"""One child process that reads files, seen from the pool: started when needed, watched, and started anew after it died.

A plain child on two pipes of its own rather than one of `multiprocessing`, which imports the caller's main module into
each worker (a Streamlit page, an unguarded script) and lets workers share a pipe that a killed one leaves torn.
"""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ingest.documents import Outcome, Source
from ingest.errors import KestrelError
from ingest.workers.child import command_for, start
from ingest.workers.parsing import FailedFile, ParsedFile, failed
from ingest.workers.wire import WireClosed, decode, receive, send
from ingest.workers.worker import MORE_TIME, OUT_OF_MEMORY, READY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.discovery import FoundFile

COMMAND = command_for("ingest.workers.worker")
START_SECONDS = 60.0
MOST_PARTS = 1000  # for which a reader may ask time anew: pages read by OCR
TOGETHER = 0.1  # of the time of one file, for several at once
DYING_SECONDS = 2.0  # between the end of a worker's output and that of the process


class WorkerProcess:
    """`setup` is what the process is told first, `seconds` the time it has for one file."""

    def __init__(self, setup: bytes, seconds: float) -> None:
        self._setup = setup
        self._seconds = seconds
        self._lock = threading.Lock()  # over all below: `enforce` and `stop` come from other threads
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = math.inf
        self._expired = False
        self._stopped = False

    def parse(self, files: Sequence[FoundFile]) -> list[ParsedFile | FailedFile]:
        """What became of each file, in their order; the death of the process is an outcome too.

        The process is told all of them at once, for waking it takes longer than reading a small file. Should it die on
        the way, those that it has not answered for are read one by one, each with an outcome of its own.

        Raises `KestrelError` when the process cannot be started, or reports what would go wrong with any file.
        """
        results: list[ParsedFile | FailedFile] = []
        left = self._seconds
        if len(files) > 1:
            left -= TOGETHER * self._seconds
            with suppress(_Died):
                self._read(files, TOGETHER * self._seconds, results)
        while len(results) < len(files):
            file = files[len(results)]
            try:
                self._read([file], left, results)
            except _Died as death:
                source = Source(file.uri, file.size, file.mtime_ns, None, seen=time.time())
                results.append(failed(source, *_cause_of_death(death, self._seconds)))
        return results

    def enforce(self) -> None:
        """End the process if its time is up."""
        with self._lock:
            if self._process and time.monotonic() > self._deadline:
                self._expired = True
                self._process.kill()

    def stop(self) -> None:
        """End the process for good; a thread that waits in `parse` comes back, with outcomes or a `KestrelError`."""
        with self._lock:
            self._stopped = True
            if self._process:
                self._process.kill()

    def close(self) -> None:
        """Release what a stopped process leaves, once no thread is in `parse`."""
        if self._process:
            self._bury(self._process)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise KestrelError("The pool of workers is closed.")
            process = self._process = start(COMMAND)
        try:
            with self._within(START_SECONDS):
                send(process.stdin, self._setup)
                answer = receive(process.stdout)
        except WireClosed as error:
            status = self._bury(process)
            raise KestrelError(
                f"A worker process ended before it was ready (status {status}).",
                f"To see why, run: {sys.executable} -c 'import ingest.workers.worker'",
            ) from error
        if answer != READY:
            self._bury(process)
            decode(answer)
        return process

    def _read(self, files: Sequence[FoundFile], seconds: float, results: list[ParsedFile | FailedFile]) -> None:
        """Add what the process answers for each file to `results`. Raises `_Died` where it ends before the last."""
        process = self._process or self._start()
        tasks = json.dumps([(str(file.path), file.uri) for file in files]).encode()
        try:
            with self._within(seconds):
                send(process.stdin, tasks)
                for _ in files:
                    results.append(decode(self._answer(process)))  # noqa: PERF401 - these stay if the next never comes
        except WireClosed as error:
            raise _Died(self._bury(process), expired=self._expired) from error
        except KestrelError:
            self._bury(process)
            raise

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """The next answer, for which a reader may have asked time anew. Raises `WireClosed`."""
        for _ in range(MOST_PARTS):
            answer = receive(process.stdout)
            if answer != MORE_TIME:
                return answer
            self._start_clock(self._seconds)
        with self._lock:  # no reader has so many parts: what it read has taken hold of it
            self._expired = True
            process.kill()
        raise WireClosed

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """The process is killed when what is asked of it in here takes longer."""
        with self._lock:
            self._expired = False
        self._start_clock(seconds)
        try:
            yield
        finally:
            with self._lock:
                self._deadline = math.inf

    def _start_clock(self, seconds: float) -> None:
        with self._lock:
            if not self._expired:
                self._deadline = time.monotonic() + seconds

    def _bury(self, process: subprocess.Popen[bytes]) -> int:
        """The exit status of a process that closed its pipes. The next file gets a new one."""
        try:
            status = process.wait(DYING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(OSError):  # what was not sent is not needed any more
                    stream.close()
        with self._lock:
            self._process = None
        return status


class _Died(Exception):
    """The process ended with this status, on POSIX a signal's number below zero; `expired` where its time was up."""

    def __init__(self, status: int, *, expired: bool) -> None:
        super().__init__(status)
        self.status, self.expired = status, expired


def _cause_of_death(death: _Died, seconds: float) -> tuple[Outcome, str]:
    status = death.status
    killed_by = signal.Signals(-status).name if -status in set(signal.Signals) else ""
    if death.expired or killed_by == "SIGXCPU":
        return "timeout", f"it was not read within {seconds:g} s"
    if status == OUT_OF_MEMORY or killed_by == "SIGKILL":  # the kernel's own cure when memory runs out
        return "memory", "reading it took more memory than there is or than is allowed"
    return "crashed", f"its reader crashed ({killed_by or f'exit status {status}'})"
