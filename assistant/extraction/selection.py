"""Which of the best sentences make up the answer, and in which order they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.extraction.candidates import Candidate
from assistant.extraction.judging import Choice

MOST_SENTENCES = 4
MOST_WORDS = 120  # of an answer; its first sentence may be longer
NEAR = 0.30  # of the best sentence's probability: less likely ones say something else
SAME = 0.75  # shared content words, of the shorter sentence, above which two sentences say the same


def select(rankings: Sequence[Sequence[Choice]]) -> list[Choice]:
    """The answer's sentences in reading order: the best document first, the order of the text inside each.

    One ranking for each thing that is asked; each contributes its best sentence, as far as there is room, before any
    contributes a second one.
    """
    chosen: list[Choice] = []
    words = 0
    for choice in _in_turn([list(_near_the_best(ranking)) for ranking in rankings]):
        length = len(choice.candidate.text.split())
        if len(chosen) == MOST_SENTENCES:
            break
        if chosen and words + length > MOST_WORDS:
            continue
        if not any(_repeats(choice.candidate, other.candidate) for other in chosen):
            chosen.append(choice)
            words += length
    return _reading_order(chosen)


def _near_the_best(ranking: Sequence[Choice]) -> Iterator[Choice]:
    return (choice for choice in ranking if choice.probability >= NEAR * ranking[0].probability)


def _in_turn(rankings: Sequence[Sequence[Choice]]) -> Iterator[Choice]:
    for rank in range(max(map(len, rankings), default=0)):
        yield from (ranking[rank] for ranking in rankings if rank < len(ranking))


def _repeats(candidate: Candidate, other: Candidate) -> bool:
    """Whether two candidates overlap in the text, or say the same in almost the same words."""
    mine, theirs = candidate.statement, other.statement
    if mine.document_id == theirs.document_id and mine.start < theirs.end and theirs.start < mine.end:
        return True
    shorter = min(len(candidate.own), len(other.own))
    return len(candidate.own & other.own) >= SAME * shorter


def _reading_order(chosen: Sequence[Choice]) -> list[Choice]:
    documents = list(dict.fromkeys(choice.candidate.statement.document_id for choice in chosen))
    return sorted(
        chosen,
        key=lambda choice: (documents.index(choice.candidate.statement.document_id), choice.candidate.statement.start),
    )
