"""Near duplicates among questions, and what of the test part has been seen in the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.samples import Question
from eval.scoring.text import normalised

SHINGLE = 3  # words
ALIKE = 0.6  # Jaccard's share of shingles from which two questions are the same


@dataclass(frozen=True, slots=True)
class Leakage:
    """`questions`: pairs of ids, one of each part, that ask the same; `documents`: sources that stand in both parts."""

    questions: tuple[tuple[str, str], ...]
    documents: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.questions or self.documents)


def distinct(questions: Sequence[Question]) -> list[Question]:
    """Without those that ask nearly the same as an earlier one. A. Z. Broder, On the Resemblance and Containment of
    Documents (1997), https://doi.org/10.1109/SEQUEN.1997.666900.
    """
    kept: list[tuple[Question, frozenset[str]]] = []
    for question in questions:
        found = shingles(question.question)
        if not any(resemblance(found, other) >= ALIKE for _, other in kept):
            kept.append((question, found))
    return [question for question, _ in kept]


def leakage(train: Sequence[Question], test: Sequence[Question]) -> Leakage:
    """What the two parts share."""
    seen = [(question.id, shingles(question.question)) for question in train]
    pairs = [
        (known, question.id)
        for question in test
        for known, words in seen
        if resemblance(words, shingles(question.question)) >= ALIKE
    ]
    sources = {question.source for question in train} & {question.source for question in test}
    return Leakage(tuple(pairs), tuple(sorted(sources - {""})))


def shingles(text: str) -> frozenset[str]:
    words = normalised(text).split()
    return frozenset(" ".join(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1)))


def resemblance(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard's |A ∩ B| / |A ∪ B|."""
    return len(first & second) / len(first | second)
