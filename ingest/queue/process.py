"""A worker as a plain process of this machine, seen from both ends.

It ends when its standard input does, so that none outlives the command that started it, however that ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import KestrelError
from ingest.processors import processors, take, threads_of_libraries
from ingest.queue.claiming import Task, work
from ingest.workers.child import command_for
from ingest.workers.pool import Limits
from ingest.workers.wire import decode, encode_error

if TYPE_CHECKING:
    from ingest.store.postgres.jobs import Jobs

COMMAND = command_for("ingest.queue.process")
MOST_DEATHS = 3  # in a row, without any file done
ENDING_SECONDS = 10.0


def main() -> None:
    """Serve the command at the other end of standard input until it closes it."""
    order = json.loads(sys.stdin.readline())
    take(order["threads"])
    task = Task(**{**order["task"], "limits": Limits(**order["task"]["limits"])})
    stop = threading.Event()
    threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    try:
        work(task, order["worker"], stop.is_set)
    except KestrelError as error:
        sys.stdout.buffer.write(encode_error(error))
        sys.exit(error.exit_code)


def _wait_for_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()
    if not _ended_in_time.wait(ENDING_SECONDS):
        os._exit(0)  # what is claimed comes free with its lease


_ended_in_time = threading.Event()


class Processes:
    """`count` workers that are started, started again when they die, and stopped. A context manager.

    Each computes with so many `threads`: by default its share of the processors, since threads that outnumber them
    wait for each other.
    """

    def __init__(self, task: Task, jobs: Jobs, count: int, threads: int | None = None) -> None:
        self._task = task
        self._threads = threads or max(1, processors() // count)
        self._jobs = jobs
        self._deaths = 0
        self._running = dict(self._start() for _ in range(count))

    def look_after(self, done: int) -> None:
        """Replace those that died; `done` files have ended since the last look.

        Raises what a worker reported, and `KestrelError` when they die without getting anything done.
        """
        self._deaths = 0 if done else self._deaths
        for name, process in list(self._running.items()):
            if process.poll() is None:
                continue
            del self._running[name]
            self._jobs.release(name, tried=True)
            self._bury(process)
            self._running.update([self._start()])

    def pids(self) -> list[int]:
        return [process.pid for process in self._running.values()]

    def close(self) -> None:
        """Let each finish the files that it holds for a moment, then end it."""
        for process in self._running.values():
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()
        for name, process in self._running.items():
            try:
                process.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
            self._jobs.release(name, tried=False)
        self._running.clear()

    def _start(self) -> tuple[str, subprocess.Popen[bytes]]:
        name = f"{os.uname().nodename}:{uuid.uuid4().hex[:12]}" if hasattr(os, "uname") else uuid.uuid4().hex
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**threads_of_libraries(self._threads), **os.environ, "PYTHONPATH": path},
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            process_group=None if sys.platform == "win32" else 0,  # Ctrl-C is the command's to handle
        )
        assert process.stdin is not None
        order = json.dumps({"task": asdict(self._task), "worker": name, "threads": self._threads}).encode()
        with suppress(BrokenPipeError):  # dead already: the next look finds it
            process.stdin.write(order + b"\n")
            process.stdin.flush()
        return name, process

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        said = process.stdout.read() if process.stdout else b""
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()
        if said:
            decode(said)
        self._deaths += 1
        if self._deaths > MOST_DEATHS * max(1, len(self._running) + 1):
            raise KestrelError(
                f"Workers ended {self._deaths} times (the last with status {process.returncode}) and got no file done.",
                "What they said stands above. What was stored is kept; run the same command again to go on.",
            )
