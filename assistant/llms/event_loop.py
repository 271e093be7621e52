"""Asynchronous work for synchronous callers, on one private thread.

A read in a thread cannot be given up half-way, a task can: only so does a deadline hold while a server sends one byte
a second, and only so does closing a stream end the request at once.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from queue import SimpleQueue
from typing import Any, TypeVar

from ingest.waiting import taken

T = TypeVar("T")

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None  # of the process with this id: threads end at a fork


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop that all requests of this process run on; started at the first use."""
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="kestrel-requests", daemon=True).start()
            _running = os.getpid(), loop
        return _running[1]


def still_runs(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `loop` is the one of this process, without starting one."""
    return _running == (os.getpid(), loop)


class Iteration(Iterator[T]):
    """What an asynchronous source yields, in order, as it comes; raises what ends the source.

    Closing it, from any thread, or dropping it cancels the work behind it.
    """

    def __init__(self, source: AsyncIterator[T]) -> None:
        self._items: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._ended = False
        self._work = asyncio.run_coroutine_threadsafe(_pump(source, self._items), event_loop())
        items = self._items  # a callback that held this object would keep it from being dropped
        self._work.add_done_callback(lambda _: items.put(None))

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        if (item := taken(self._items)) is not None and not self._ended:
            return item[0]
        self._ended = True
        if not self._work.cancelled():
            self._work.result()
        raise StopIteration

    def close(self) -> None:
        self._ended = True
        self._work.cancel()

    def __del__(self) -> None:
        self._work.cancel()


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, or what it raised."""

    async def once() -> AsyncIterator[T]:
        yield await work

    (result,) = Iteration(once())
    return result


async def _pump(source: AsyncIterator[T], items: SimpleQueue[tuple[T] | None]) -> None:
    async for item in source:
        items.put((item,))
