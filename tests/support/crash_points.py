"""A store's life under strace, which strikes before one chosen system call of it.

strace counts calls of each name in each process (`when=N`). So one traced parent forks a child for each point, and the
child makes as many idle calls of that name first as are missing to N: a third of a second a point instead of two.

    python -m tests.support.crash_points            the traced parent: "NAME IDLE FOLDER LOG" a line on stdin
    python -m tests.support.crash_points FOLDER     one life, which tells its progress to the trace

What a child is about to do, and what was acknowledged, is written to LOG through a mapping, which is no system call.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import faiss  # noqa: F401, TID253 - before the fork, so that children start at once
import numpy  # noqa: F401, ICN001

from ingest.changes import Remove
from ingest.errors import KestrelError
from ingest.store import open_store
from tests.support.committing import content
from tests.support.entries import put

SPARE = 1_000  # calls that the parent may make itself before it would be struck
LOG_BYTES = 1 << 16
REFUSED = 3  # exit status of a child whose store told an error of ours
NOWHERE = "/nowhere/nothing"
CLOSED = 9_999  # no descriptor of that number is open
IDLE: dict[str, Callable[[], object]] = {
    "write": lambda: os.write(CLOSED, b"x"),
    "pwrite64": lambda: os.pwrite(CLOSED, b"x", 0),
    "fsync": lambda: os.fsync(CLOSED),
    "fdatasync": lambda: os.fdatasync(CLOSED),
    "ftruncate": lambda: os.ftruncate(CLOSED, 0),
    "rename": lambda: Path(NOWHERE).rename(NOWHERE),
    "unlink": lambda: Path(NOWHERE).unlink(),
    "mkdir": lambda: Path(NOWHERE).mkdir(),
}
NAMES = ",".join(IDLE)

Step = tuple[str, Sequence[tuple[str, int | None]]]
LIFE: tuple[Step, ...] = (
    ("commit", [("/a.txt", 1), ("/b.txt", 2)]),
    ("commit", [("/c.txt", 3), ("/a.txt", 4)]),
    ("commit", [("/b.txt", None)]),
    ("maintain", []),
    ("commit", [("/d.txt", 5), ("/e.txt", 6), ("/f.txt", 7), ("/c.txt", 8)]),
    ("maintain", []),
    ("commit", [("/a.txt", None), ("/d.txt", None), ("/e.txt", 9)]),
    ("maintain", []),
    ("rebuild", []),
    ("commit", [("/g.txt", 4)]),
)


class MappedLog:
    """Lines of JSON in a file of fixed size; zero bytes behind them."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(LOG_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), LOG_BYTES)
        self._end = 0

    def tell(self, event: str, changes: Sequence[tuple[str, int | None]]) -> None:
        line = json.dumps([event, changes]).encode() + b"\n"
        self._map[self._end : self._end + len(line)] = line
        self._end += len(line)


def lines(path: Path) -> str:
    """What stands in a mapped log."""
    return path.read_bytes().rstrip(b"\0").decode()


class TracedLog:
    """Lines as system calls that fail, so that they stand in a trace between the calls of the store."""

    def tell(self, event: str, changes: Sequence[tuple[str, int | None]]) -> None:
        with suppress(OSError):
            os.write(CLOSED, json.dumps([event, changes]).encode())


def live(folder: Path, log: MappedLog | TracedLog) -> None:
    store = open_store(folder, create=True)
    for action, changes in LIFE:
        if action != "commit":
            getattr(store, action)()
            continue
        log.tell("begin", changes)
        store.commit([Remove(name) if version is None else put(name, content(version)) for name, version in changes])
        log.tell("done", changes)
    store.close()


def main() -> None:
    for line in sys.stdin:
        name, idle, folder, log = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            _child(name, int(idle), Path(folder), Path(log))
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)


def _child(name: str, idle: int, folder: Path, log: Path) -> None:
    mapped = MappedLog(log)
    for _ in range(idle):
        with suppress(OSError):
            IDLE[name]()
    try:
        live(folder, mapped)
    except KestrelError:
        os._exit(REFUSED)
    os._exit(0)


def calls_of_a_life() -> Counter[str]:
    """How many write-type system calls of each name a life makes."""
    with tempfile.TemporaryDirectory() as work:
        trace = Path(work) / "trace"
        command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={NAMES}", *_PARENT]
        task = f"write\t0\t{work}/kb\t{work}/log\n"
        done = subprocess.run(command, input=task, capture_output=True, text=True, check=True)
        assert done.stdout == "0\n", done
        found = [line.split(None, 1) for line in trace.read_text().splitlines()]
        parent = found[-1][0]  # it tells the status when the child is gone
        called = Counter(re.split(r"\W", call)[0] for process, call in found if process != parent)
    return Counter({name: count for name, count in called.items() if name in IDLE})


_PARENT = [sys.executable, "-B", "-m", "tests.support.crash_points"]  # bytecode would be written by the first life only


@dataclass(frozen=True, slots=True)
class Struck:
    """A life that was struck before call number `at` of this name. `status` is the child's, negative for a signal."""

    name: str
    at: int
    status: int
    folder: Path
    log: Path


@contextmanager
def striking(name: str, count: int, blow: str, work: Path) -> Iterator[Callable[[int], Struck]]:
    """A function that lives a life and strikes before its k-th call, k from 1 to `count`.

    `blow` is what strace injects: "signal=KILL", "error=ENOSPC", "error=EIO".
    """
    when = count + SPARE
    trace = ["-e", f"trace={name}", "-e", "signal=none", "-e", f"inject={name}:{blow}:when={when}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *trace, *_PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None

        def strike(at: int) -> Struck:
            folder, log = work / f"{name}-{at}" / "kb", work / f"{name}-{at}.log"
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir(parents=True)
            parent.stdin.write(f"{name}\t{when - at}\t{folder}\t{log}\n")
            parent.stdin.flush()
            return Struck(name, at, int(parent.stdout.readline()), folder, log)

        yield strike
        parent.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:]:
        live(Path(sys.argv[1]), TracedLog())
    else:
        main()
