"""What happens while a question is answered, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.answers import Passage


@dataclass(frozen=True, slots=True)
class StageBegan:
    """A stage of an answer: rewrite (of a follow-up), search, rerank, pack, generate, verify."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageFinished:
    """`seconds` are those of the stage so far: one that comes twice is added up."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """What the answer will be made from, best first, before any of it is packed or read."""

    passages: tuple[Passage, ...]


Event = StageBegan | StageFinished | PassagesFound
Listener = Callable[[Event], None]  # called in the thread that asks; what it raises ends the answer


def unheard(event: Event) -> None:
    """The listener of those who do not care."""
