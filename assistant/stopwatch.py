"""How long each stage of an answer took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds of each stage, in the order in which the stages first began; a stage that comes again is added up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.stages.setdefault(name, 0.0)
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] += time.perf_counter() - begun

    @property
    def total(self) -> float:
        """Seconds since the watch was made."""
        return time.perf_counter() - self._started
