"""A client that asks the same again and again, and keeps account of what it was told and how long it waited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.05


@dataclass
class Account:
    """`found` are the numbers of hits, in order; `worst` is the longest wait from answer to answer, in seconds."""

    found: list[int] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    worst: float = 0.0


@contextmanager
def asking(ask: Callable[[], int]) -> Iterator[Account]:
    """Calls `ask`, which gives how much it found, from a thread for as long as the block lasts."""
    account, ended = Account(), threading.Event()

    def go_on() -> None:
        last = time.monotonic()
        while not ended.wait(PAUSE_SECONDS):
            try:
                account.found.append(ask())
            except Exception as error:  # noqa: BLE001 - the test shows all of them
                account.errors.append(error)
                continue
            now = time.monotonic()
            account.worst, last = max(account.worst, now - last), now

    client = threading.Thread(target=go_on, name="client")
    client.start()
    try:
        yield account
    finally:
        ended.set()
        client.join()
