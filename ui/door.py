"""The key that a browser gives before it is shown anything, and how long one waits who tries several."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256

WINDOW = 600.0  # seconds for which a wrong key is remembered
FIRST = 1.0  # seconds of waiting, doubled with each wrong key of any browser after the first FREE
FREE = 5
LONGEST = 8.0  # seconds: also what the owner waits at most while a stranger tries key after key
_MOST = 8  # wrong keys that are remembered: with so many the waiting is the longest

_LOG = logging.getLogger("kestrel.ui")


def delay(wrong: int) -> float:
    """Seconds to wait when that many wrong keys were given lately."""
    return min(LONGEST, FIRST * 2 ** max(0, wrong - FREE)) if wrong else 0.0


def _digest(key: str) -> bytes:
    return sha256(key.strip().encode("utf-8", "surrogateescape")).digest()


@dataclass
class Door:
    """One for all browsers. Of the key it keeps a digest, so that nothing which shows its fields shows the key.

    Nobody is locked out: a right key opens after `LONGEST` seconds at most, whatever others try meanwhile. Whoever
    waits keeps no other request waiting.
    """

    key: str = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    def __post_init__(self) -> None:
        self._digest, self.key = _digest(self.key), ""
        self._wrong: deque[float] = deque(maxlen=_MOST)

    async def opens(self, given: str) -> bool:
        """Whether it is the key, blanks around it aside. A right one waits as a wrong one does: who leaves early
        has learned nothing."""
        right = hmac.compare_digest(_digest(given), self._digest)
        await self.sleep(delay(self._noted(right)))
        return right

    def _noted(self, right: bool) -> int:
        """How many wrong ones were given lately, this one among them."""
        now = self.clock()
        while self._wrong and now - self._wrong[0] > WINDOW:
            self._wrong.popleft()
        if not right:
            if len(self._wrong) < _MOST:  # a flood of them fills no log
                _LOG.warning("A wrong key was given, %d in ten minutes.", len(self._wrong) + 1)
            self._wrong.append(now)
        return len(self._wrong)
