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
from contextlib import suppress
from typing import TYPE_CHECKING

from ingest.child_process import command_for, start
from ingest.documents import Outcome, Source
from ingest.errors import KestrelError
from ingest.parsing import FailedFile, ParsedFile, failed
from ingest.wire import WireClosed, decode, receive, send
from ingest.worker import MORE_TIME, OUT_OF_MEMORY, READY

if TYPE_CHECKING:
    from ingest.discovery import FoundFile

COMMAND = command_for("ingest.worker")
START_SECONDS = 60.0
MOST_PARTS = 1000  # for which a reader may ask time anew: pages read by OCR
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

    def parse(self, file: FoundFile) -> ParsedFile | FailedFile:
        """What became of the file; the death of the process is an outcome too.

        Raises `KestrelError` when the process cannot be started, or reports what would go wrong with any file.
        """
        source = Source(file.uri, file.size, file.mtime_ns, None, seen=time.time())
        process = self._process or self._start()
        task = json.dumps({"path": str(file.path), "uri": file.uri}).encode()
        try:
            return decode(self._exchange(process, task, self._seconds))
        except WireClosed:
            return failed(source, *_cause_of_death(self._bury(process), self._seconds, expired=self._expired))
        except KestrelError:
            self._bury(process)
            raise

    def enforce(self) -> None:
        """End the process if its time is up."""
        with self._lock:
            if self._process and time.monotonic() > self._deadline:
                self._expired = True
                self._process.kill()

    def stop(self) -> None:
        """End the process for good; a thread that waits in `parse` comes back with a `FailedFile`."""
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
            answer = self._exchange(process, self._setup, START_SECONDS)
        except WireClosed as error:
            status = self._bury(process)
            raise KestrelError(
                f"A worker process ended before it was ready (status {status}).",
                f"To see why, run: {sys.executable} -c 'import ingest.worker'",
            ) from error
        if answer != READY:
            self._bury(process)
            decode(answer)
        return process

    def _exchange(self, process: subprocess.Popen[bytes], message: bytes, seconds: float) -> bytes:
        """Send one frame and receive the answer within so many seconds, else the process is killed: `WireClosed`."""
        if process.stdin is None or process.stdout is None:
            raise WireClosed
        with self._lock:
            self._expired = False
        self._start_clock(seconds)
        try:
            send(process.stdin, message)
            for _ in range(MOST_PARTS):
                answer = receive(process.stdout)
                if answer != MORE_TIME:
                    return answer
                self._start_clock(seconds)
            with self._lock:  # no reader has so many parts: what it read has taken hold of it
                self._expired = True
                process.kill()
            raise WireClosed
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


def _cause_of_death(status: int, seconds: float, *, expired: bool) -> tuple[Outcome, str]:
    """From an exit status; on POSIX a signal's number below zero."""
    killed_by = signal.Signals(-status).name if -status in set(signal.Signals) else ""
    if expired or killed_by == "SIGXCPU":
        return "timeout", f"it was not read within {seconds:g} s"
    if status == OUT_OF_MEMORY or killed_by == "SIGKILL":  # the kernel's own cure when memory runs out
        return "memory", "reading it took more memory than there is or than is allowed"
    return "crashed", f"its reader crashed ({killed_by or f'exit status {status}'})"
