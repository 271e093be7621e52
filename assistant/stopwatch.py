"""How long each stage of an answer took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.events import Listener, StageBegan, StageFinished, unheard


class Stopwatch:
    """Seconds of each stage, in the order in which the stages first began; a stage that comes again is added up.

    The `listener` hears of each that begins, and of each that comes to its end: not of one that failed.
    """

    def __init__(self, listener: Listener = unheard) -> None:
        self._started = time.perf_counter()
        self._listener = listener
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.stages.setdefault(name, 0.0)
        self._listener(StageBegan(name))
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] += time.perf_counter() - begun
        self._listener(StageFinished(name, self.stages[name]))

    @property
    def total(self) -> float:
        """Seconds since the watch was made."""
        return time.perf_counter() - self._started
