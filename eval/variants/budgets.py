"""Arms that differ in their budget alone, and the embedded answerer kept within one.

With a language model a budget bounds the whole prompt, in its own tokens (`assistant.packing`). The embedded answerer
has no prompt: there it bounds the passages that are read, best first, and what does not fit any more is not looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.variants.setup import Arm
from ingest.errors import UsageError

if TYPE_CHECKING:
    from assistant.answers import ModelProfile, TokenCount
    from assistant.protocols import LLM
    from assistant.retrieval import Retriever
    from ingest.documents import Filter, Hit

SWEEP = (2_000, 4_000, 8_000, 12_000, 16_000, 20_000)  # tokens
SWEPT = ("extractive", "rag", "long_context", "auto", "fine_tuned_rag")
WINDOW = ("mode", "reserve", "order")  # settings that say how a served model's window is filled
SHORTEST = 16  # tokens of a chunk, at the least, so that enough of them are searched for


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the tokens of a text; `name` tells two of them apart."""

    name: str
    count: Callable[[str], TokenCount]

    @classmethod
    def of(cls, tokenizer: Path | None) -> Counter:
        """By a `tokenizer.json`, or by an estimate that is never too low."""
        from assistant.counting import TokenizerFile, estimate

        if tokenizer is None:
            return cls("estimate", estimate)
        return cls(hashlib.sha256(tokenizer.read_bytes()).hexdigest(), TokenizerFile(tokenizer).count)

    def __call__(self, text: str) -> int:
        return self.count(text).tokens


def with_budgets(arms: Sequence[Arm], budgets: Sequence[int]) -> tuple[Arm, ...]:
    """Each arm that answers from documents and names no budget once for every budget; the others as they are.

    Raises `UsageError` where there is no such arm.
    """
    made: list[Arm] = []
    for arm in arms:
        swept = arm.variant in SWEPT and "budget" not in arm.settings
        made += [Arm.parse(f"{arm.name}:budget={budget}") for budget in budgets] if swept else [arm]
    if made == list(arms):
        raise UsageError(
            f"None of {', '.join(arm.name for arm in arms)} can be given a budget.", f"These can: {', '.join(SWEPT)}."
        )
    return tuple(made)


def check_room(budget: int | None, room: int, profile: ModelProfile) -> None:
    """Raises `UsageError` for a budget that would change nothing: two arms of one prompt are no sweep."""
    if budget is not None and budget > room:
        raise UsageError(
            f"A budget of {budget:,} tokens is more than {profile.name} takes: {room:,} beside its answer.",
            f"Name budgets up to {room}.",
        )


def check_window(arm: Arm, model: str | LLM, meaningless: Sequence[str] = WINDOW) -> None:
    """Raises `UsageError` where the embedded answerer, which fills no window, is told how: it would change nothing."""
    given = [name for name in meaningless if name in arm.settings]
    if isinstance(model, str) and given:
        raise UsageError(
            f"The arm {arm.name!r} fills no model's window: {' and '.join(given)} would change nothing.",
            "Leave it out, or name a model server with --llm.",
        )


class Budgeted:
    """A retriever whose hits together have no more than `budget` tokens."""

    def __init__(self, retriever: Retriever, budget: int, count: Callable[[str], int]) -> None:
        self._retriever = retriever
        self._budget = budget
        self._count = count

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        """The best ones, as many as fit one after the other."""
        kept, left = [], self._budget
        for hit in self._retriever.retrieve(question, k, only):
            left -= self._count(hit.chunk.text)
            if left < 0:
                break
            kept.append(hit)
        return kept
