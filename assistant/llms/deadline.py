"""One deadline for everything that a request does: connecting, waiting, trying again."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first_token` holds for each attempt and includes the reading of the prompt by the model.

    An input of 13,000 to 24,000 tokens takes FalconLite2 on four A10G tens of seconds the first time, so whoever
    serves such a model on such hardware raises `first_token`.
    """

    total: float = 120.0
    connect: float = 5.0
    first_token: float = 30.0
    between_tokens: float = 20.0
    facts: float = 10.0  # what the server serves, how long a text is


class Deadline:
    """The moment by which a request must be over, and the smaller limits on the way there."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self._end = time.monotonic() + timeouts.total

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def within(self, seconds: float) -> float:
        """`seconds`, or what is left if that is less."""
        return min(seconds, self.remaining())

    def describe(self, seconds: float) -> str:
        """Which limit a wait of `within(seconds)` has run into."""
        if self.remaining() > 0:
            return f"within {seconds:g} s"
        return f"before the time limit of {self.timeouts.total:g} s"
