"""Why a passage was chosen, as far as that can be seen: its rank, its score, the question's words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import Passage

_WORD = re.compile(r"[^\W_]+")
SHORTEST = 4  # letters of a word that tells something; digits tell at any length
MOST = 6  # words
_ASKING = frozenset("what when where which whose does have many much from with that this they them there their".split())


@dataclass(frozen=True, slots=True)
class Reason:
    """`rank` 1 is the best of `found` passages; `score` compares with theirs only. `words` as the question has them."""

    rank: int
    found: int
    score: float
    words: tuple[str, ...]


def reason_for(passage: Passage, question: str, found: Sequence[Passage]) -> Reason:
    """`found` are all passages of the answer, this one among them."""
    texts = [_words(each.text) for each in found]
    here = _words(passage.text)
    asked = {word.casefold(): word for word in _WORD.findall(question) if _tells(word)}
    shared = [word for folded, word in asked.items() if folded in here]
    shared.sort(key=lambda word: sum(word.casefold() in text for text in texts))  # the rarest first
    rank = 1 + sum(other.score > passage.score for other in found)
    return Reason(rank, len(found), passage.score, tuple(shared[:MOST]))


def _tells(word: str) -> bool:
    long = len(word) >= SHORTEST and word.casefold() not in _ASKING
    return long or any(letter.isdigit() for letter in word)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
