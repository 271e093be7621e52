"""Which of the best sentences make up the answer, and in which order they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.extraction.judging import Choice
from assistant.extraction.statements import Offsets

# Chosen on the halves that are not reported; docs/experiments.md has what other values gave.
MOST_SENTENCES = 4
MOST_WORDS = 120  # of an answer; its first sentence may be longer
NEAR = 0.15  # of the best sentence's probability: less likely ones say something else
SAME = 0.75  # shared content words, of the shorter sentence, above which two sentences say the same


def select(rankings: Sequence[Sequence[Choice]]) -> list[Choice]:
    """The answer's sentences in reading order: the best document first, the order of the text inside each.

    One ranking for each thing that is asked; each contributes its best sentence, as far as there is room, before any
    contributes a second one. Two items of one list bring the whole list, if that was ranked at all: of a list that
    stands mostly outside of the passages, the items are quoted one by one.
    """
    by_place: dict[tuple[str, Offsets | None], Choice] = {}
    for ranking in rankings:
        by_place.update((choice.candidate.statement.place, choice) for choice in ranking)
    chosen: list[Choice] = []
    for choice in _in_turn([list(_near_the_best(ranking)) for ranking in rankings]):
        if len(chosen) == MOST_SENTENCES:
            break
        if any(_repeats(choice, other) for other in chosen):
            continue
        whole = by_place.get(_list_of(choice))
        if whole and any(_same_list(choice, other) for other in chosen):
            chosen = [other for other in chosen if not _repeats(other, whole)] + [whole]
        elif not chosen or _words(chosen) + _words([choice]) <= MOST_WORDS:
            chosen.append(choice)
    return _reading_order(chosen)


def _near_the_best(ranking: Sequence[Choice]) -> Iterator[Choice]:
    return (choice for choice in ranking if choice.probability >= NEAR * ranking[0].probability)


def _in_turn(rankings: Sequence[Sequence[Choice]]) -> Iterator[Choice]:
    for rank in range(max(map(len, rankings), default=0)):
        yield from (ranking[rank] for ranking in rankings if rank < len(ranking))


def _repeats(choice: Choice, other: Choice) -> bool:
    """Whether two choices overlap in the text, or say the same in almost the same words."""
    mine, theirs = choice.candidate.statement, other.candidate.statement
    if mine.document_id == theirs.document_id and mine.start < theirs.end and theirs.start < mine.end:
        return True
    own, others = choice.candidate.own, other.candidate.own
    return len(own & others) >= SAME * min(len(own), len(others))


def _same_list(choice: Choice, other: Choice) -> bool:
    return choice.candidate.statement.whole is not None and _list_of(choice) == _list_of(other)


def _list_of(choice: Choice) -> tuple[str, Offsets | None]:
    return choice.candidate.statement.document_id, choice.candidate.statement.whole


def _words(chosen: Sequence[Choice]) -> int:
    return sum(len(choice.candidate.text.split()) for choice in chosen)


def _reading_order(chosen: Sequence[Choice]) -> list[Choice]:
    documents = list(dict.fromkeys(choice.candidate.statement.document_id for choice in chosen))
    return sorted(
        chosen,
        key=lambda choice: (documents.index(choice.candidate.statement.document_id), choice.candidate.statement.start),
    )
