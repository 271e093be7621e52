"""Why a passage was chosen, as far as that can be seen: its rank, its score, the question's words in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import Passage
from assistant.extraction.words import content_words, spellings, topic

MOST = 6  # words


@dataclass(frozen=True, slots=True)
class Reason:
    """`rank` 1 is the best of `found` passages; `score` compares with theirs only. `words` as the question has them."""

    rank: int
    found: int
    score: float
    words: tuple[str, ...]


def reason_for(passage: Passage, question: str, found: Sequence[Passage]) -> Reason:
    """`found` are all passages of the answer, this one among them."""
    texts = [frozenset(content_words(each.text)) for each in found]
    here = frozenset(content_words(passage.text))
    asked = spellings(topic(question))
    shared = [stem for stem in asked if stem in here]
    shared.sort(key=lambda stem: sum(stem in text for text in texts))  # the rarest first
    rank = 1 + sum(other.score > passage.score for other in found)
    return Reason(rank, len(found), passage.score, tuple(asked[stem] for stem in shared[:MOST]))
