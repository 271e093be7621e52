"""Waiting for another thread so that Ctrl-C is seen."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.2


def taken(items: SimpleQueue[T]) -> T:
    """The next item. Looks up every `POLL_SECONDS`.

    A signal that comes after the interpreter's last look for one and before the wait, or to another thread, does not
    end a wait without a limit (docs.python.org/3/library/signal.html#execution-of-python-signal-handlers); on Windows
    none does.
    """
    while True:
        try:
            return items.get(timeout=POLL_SECONDS)
        except Empty:
            continue
