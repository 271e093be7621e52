"""Where a text may be cut: between its sentences, items and rows, or where need be inside them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.sentences import sentence_spans

if TYPE_CHECKING:
    from ingest.chunkers.measure import Ruler

# How much farther from the even cut a better border may lie than a mere end of a sentence, as a share of a piece.
HEADING = 0.4
PARAGRAPH = 0.2

_CLAUSE = re.compile(r"[,;:.!?)\]–—]\s+|[、，；：،؛。！？]\s*")
_SPACE = re.compile(r"\s+")
_JOINER = "\u200d"  # between the parts of one emoji


@dataclass(frozen=True, slots=True)
class Window:
    """Where a piece may end, in numbers of tokens: `ideal` would make all pieces even, `size` is such a piece."""

    low: int
    high: int
    ideal: float
    size: float


class Borders:
    """The borders of one text. `headings` are the offsets at which its sections begin."""

    def __init__(self, text: str, ruler: Ruler, headings: set[int]) -> None:
        self._text = text
        self._ruler = ruler
        kept: list[tuple[int, float]] = []
        for (before, stop), (start, _) in pairwise(sentence_spans(text)):
            if before not in headings:  # a heading is not parted from what it stands above
                paragraph = PARAGRAPH if text.count("\n", stop, start) > 1 else 0.0
                kept.append((start, HEADING if start in headings else paragraph))
        self._offsets = [start for start, _ in kept]
        self._credits = [credit for _, credit in kept]
        self._indices = ruler.indices(self._offsets)

    def best(self, window: Window) -> int:
        """The offset of the best border in the window, which holds one token at least."""
        nearby = range(bisect_left(self._indices, window.low), bisect_right(self._indices, window.high))
        if not nearby:
            return self._within_sentence(window)
        return self._offsets[
            min(nearby, key=lambda i: abs(self._indices[i] - window.ideal) / window.size - self._credits[i])
        ]

    def between_words(self, offset: int) -> bool:
        """Whether no word is parted there."""
        around = self._text[max(0, offset - 1) : offset + 1]
        return len(around) < 2 or around != "".join(around.split())

    def _within_sentence(self, window: Window) -> int:
        """After a clause, else between words, else, in text without spaces, before any character."""
        start, stop = self._ruler.offset(window.low), self._ruler.offset(window.high)
        aim = self._ruler.offset(int(window.ideal))
        for pattern in (_CLAUSE, _SPACE):
            ends = [match.end() for match in pattern.finditer(self._text, start, stop)]
            if ends:
                return min(ends, key=lambda offset: abs(offset - aim))
        while stop > start + 1 and self._joins(stop):
            stop -= 1
        return stop

    def _joins(self, offset: int) -> bool:
        """Whether the character at an offset belongs to the one before: an accent, a vowel sign, part of an emoji."""
        character = self._text[offset]
        return unicodedata.category(character).startswith("M") or _JOINER in (character, self._text[offset - 1])
