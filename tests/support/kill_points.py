"""A store's life that ends itself by SIGKILL at one chosen point, where no strace is to be had.

There are two kinds of points. A "step" is what Python sees the store do: a file opened, renamed, removed or synced, a
folder made, a statement given to SQLite; the process kills itself before step number n. A "size" is for what only the
kernel sees, SQLite's own writes: no file may grow beyond so many bytes, and SIGXFSZ, which Python ignores and which has
its default back here, ends the process at the write that would, with the bytes below the limit written.

    python -m tests.support.kill_points     reads "KIND NUMBER FOLDER LOG", tab between, and forks a child for each line
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ingest.errors import KestrelError
from tests.support.crash_points import REFUSED, MappedLog, live

Kind = Literal["step", "size"]
FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"})
LARGEST = 1 << 40


class Steps:
    """Counts the steps of this process, and ends it before the last one that it may not take."""

    def __init__(self, last: int) -> None:
        self.taken = 0
        self._last = last

    def count(self) -> None:
        self.taken += 1
        if self.taken == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, folder: Path) -> None:
        """From here on, count what touches this folder, and every statement of every connection."""
        inside, fsync, connect = str(folder), os.fsync, sqlite3.connect

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            if event in FILE_EVENTS and str(arguments[0]).startswith(inside) and _writes(event, arguments):
                self.count()

        def counted(descriptor: int) -> None:
            self.count()
            fsync(descriptor)

        def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(lambda _: self.count())
            return connection

        sys.addaudithook(hear)
        os.fsync, sqlite3.connect = counted, traced


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event != "open" or bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def main() -> None:
    for line in sys.stdin:
        kind, number, folder, log = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            _child(kind, int(number), Path(folder), Path(log))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _child(kind: str, number: int, folder: Path, log: Path) -> None:
    mapped = MappedLog(log)  # of fixed size, so that no limit on growth reaches it
    steps = Steps(number if kind == "step" else -1)
    if kind == "step":
        steps.watch(folder)
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    try:
        live(folder, mapped)
    except KestrelError:
        os._exit(REFUSED)
    log.with_suffix(".steps").write_text(str(steps.taken), encoding="ascii")
    os._exit(0)


@dataclass(frozen=True, slots=True)
class Killed:
    """A life that was ended at a point of this kind. `status` is the child's, negative for a signal."""

    kind: Kind
    number: int
    status: int
    folder: Path
    log: Path

    @property
    def steps(self) -> int:
        """How many steps a life takes that is let live."""
        return int(self.log.with_suffix(".steps").read_text(encoding="ascii"))


@contextmanager
def killing(work: Path) -> Iterator[Callable[[Kind, int], Killed]]:
    """A function that lives a life up to a point. Step 0 and the size `LARGEST` let it live."""
    command = [sys.executable, "-m", "tests.support.kill_points"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None

        def kill(kind: Kind, number: int) -> Killed:
            folder, log = work / f"{kind}-{number}" / "kb", work / f"{kind}-{number}.log"
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir(parents=True)
            parent.stdin.write(f"{kind}\t{number}\t{folder}\t{log}\n")
            parent.stdin.flush()
            return Killed(kind, number, int(parent.stdout.readline()), folder, log)

        yield kill
        parent.stdin.close()


if __name__ == "__main__":
    main()
