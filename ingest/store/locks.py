"""Locks between processes: one writer, one maintainer. The kernel releases them when a process dies."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingest.errors import KnowledgeBaseBusy

WAITING_TIME = 30.0  # seconds
PAUSE = 0.01  # seconds between two tries

_held: set[int] = set()  # descriptors of this process; see `_forget_after_fork`


class FileLock:
    """An exclusive lock on a file, for threads and processes alike; not reentrant."""

    def __init__(self, path: Path, waiting_time: float = WAITING_TIME) -> None:
        self._path = path
        self._waiting_time = waiting_time
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock. Raises `KnowledgeBaseBusy`, naming the holder's process, after the waiting time."""
        deadline = time.monotonic() + self._waiting_time
        if not self._threads.acquire(timeout=self._waiting_time):
            raise self._busy(str(os.getpid()))
        try:
            descriptor = self._acquire(deadline)
            try:
                yield
            finally:
                _release(descriptor)
        finally:
            self._threads.release()

    def _acquire(self, deadline: float) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        _held.add(descriptor)
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                holder = os.read(descriptor, 16).decode("ascii", "replace").strip()
                _release(descriptor)
                raise self._busy(holder)
            time.sleep(PAUSE)
        with suppress(OSError):  # only for the message of those who wait; fails on a full disk
            os.write(descriptor, str(os.getpid()).ljust(16).encode("ascii"))
        return descriptor

    def _busy(self, holder: str) -> KnowledgeBaseBusy:
        return KnowledgeBaseBusy(
            f"{self._path} has been held for {self._waiting_time:g} s by process {holder or 'unknown'}.",
            "Wait until it is done, or end that process.",
        )


def _release(descriptor: int) -> None:
    if descriptor in _held:  # not in a child that was forked meanwhile
        _held.discard(descriptor)
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # a byte nobody writes, since Windows locks are mandatory
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _forget_after_fork() -> None:
        # A flock belongs to the open file, which a child shares: a child's copy would keep it locked.
        for descriptor in _held:
            os.close(descriptor)
        _held.clear()

    os.register_at_fork(after_in_child=_forget_after_fork)
