"""The default chunker: sections, cut into pieces of even size where the text itself has its best borders."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from ingest.chunkers.measure import MARGIN, Limit, Ruler
from ingest.chunkers.outline import Outline, Section
from ingest.documents import Span
from ingest.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.documents import Document
    from ingest.protocols import Tokens

# Measured on four sets of questions (docs/experiments.md): 160 finds a little less with the same number of chunks,
# 230 leaves less room for other evidence in a prompt.
TARGET = 200  # tokens of text, header not counted
SMALL = 0.4  # of the target: a shorter section is joined with the next rather than made a chunk of its own
SHORTER, LONGER = 0.5, 1.125  # of an even share: a piece may be so long, to end at a better border

_CLAUSE = re.compile(r"[,;:.!?)\]–—]\s+|[、，；：،؛。！？]\s*")
_SPACE = re.compile(r"\s+")
_VISIBLE = re.compile(r"\S")


@dataclass(frozen=True, slots=True)
class SentenceChunker:
    """Cuts at headings, then paragraphs, then sentences, then clauses, then words, in tokens of the embedder.

    A section longer than `target` is cut into pieces of even size, so that no scrap is left over; a much shorter one
    is joined with what follows. Pages are no borders: text runs on over them. No chunk together with its header is
    longer than `max_tokens`. Time is linear in the length of the text.
    """

    tokens: Tokens
    max_tokens: int
    target: int = TARGET

    def split(self, document: Document) -> list[Span]:
        """As `Chunker.split`."""
        return list(_Cutter(self, document).spans())


class _Cutter:
    """The work on one document."""

    def __init__(self, chunker: SentenceChunker, document: Document) -> None:
        self._text = document.text
        self._target = chunker.target
        self._ruler = Ruler(chunker.tokens, document.text)
        self._limit = Limit(chunker.tokens, chunker.max_tokens, document.title)
        self._outline = Outline(document)
        self._borders = _Borders(self._text, self._ruler, self._outline)

    def spans(self) -> Iterator[Span]:
        for group in self._groups():
            room = self._limit.room({section.path for section in group})
            for start, end in self._pieces(group[0].start, group[-1].end, room):
                yield Span(start, end, self._outline.path(start, end))

    def _groups(self) -> list[list[Section]]:
        """Runs of sections that are cut as one: each long enough, none ending in a heading alone if avoidable."""
        groups: list[list[Section]] = []
        small = True
        for section in self._outline.sections:
            if small:
                groups = groups or [[]]
                groups[-1].append(section)
            else:
                groups.append([section])
            small = section.bare or self._length(groups[-1]) < SMALL * self._target
        if small and len(groups) > 1 and self._length(groups[-2] + groups[-1]) <= self._target:
            groups[-2:] = [groups[-2] + groups[-1]]
        return groups

    def _length(self, group: list[Section]) -> int:
        return self._ruler.count(group[0].start, group[-1].end)

    def _pieces(self, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
        while visible := _VISIBLE.search(self._text, start, end):
            begin = visible.start()
            cut = self._cut(begin, end, room)
            if self._ruler.count(begin, cut) > room - MARGIN or not self._between_words(begin, cut):
                cut = self._limit.end(self._text, begin, cut, room)
            yield begin, begin + len(self._text[begin:cut].rstrip())
            start = cut

    def _cut(self, begin: int, end: int, room: int) -> int:
        """Where the piece that begins at `begin` should end: the best border near an even share of what is left."""
        first, last = self._ruler.index(begin), self._ruler.index(end)
        target = min(self._target, room)
        share = (last - first) / ceil((last - first) / target) if last > first else 0
        if last - first <= target:
            return end
        low = first + max(1, int(share * SHORTER))
        high = first + min(room, max(target, int(share * LONGER)))
        ideal = first + share
        return self._borders.nearest(low, high, ideal) or self._within_sentence(low, high, ideal)

    def _within_sentence(self, low: int, high: int, ideal: float) -> int:
        """A border inside a sentence that is longer than a piece: after a clause, between words, at worst anywhere."""
        start, stop = self._ruler.offset(low), self._ruler.offset(high)
        aim = self._ruler.offset(int(ideal))
        for pattern in (_CLAUSE, _SPACE):
            ends = [match.end() for match in pattern.finditer(self._text, start, stop)]
            if ends:
                return min(ends, key=lambda offset: abs(offset - aim))
        return stop

    def _between_words(self, begin: int, cut: int) -> bool:
        text = self._text
        opens = begin == 0 or text[begin - 1].isspace()
        return opens and (cut >= len(text) or text[cut].isspace() or text[cut - 1].isspace())


class _Borders:
    """Where units of the text begin (sentences, items, rows, headings), and how good it is to cut there."""

    PARAGRAPH = 0.2  # a border between paragraphs may lie this share of a piece farther from the even cut
    HEADING = 0.4

    def __init__(self, text: str, ruler: Ruler, outline: Outline) -> None:
        units = sentence_spans(text)
        headings = {start for section in outline.sections if (start := section.start) and section.titles}
        kept: list[tuple[int, float]] = []
        for (before, stop), (start, _) in pairwise(units):
            if before not in headings:  # a heading is not parted from what it stands above
                gap = self.PARAGRAPH if text.count("\n", stop, start) > 1 else 0.0
                kept.append((start, self.HEADING if start in headings else gap))
        self._offsets = [start for start, _ in kept]
        self._bonus = [bonus for _, bonus in kept]
        self._indices = ruler.indices(self._offsets)

    def nearest(self, low: int, high: int, ideal: float) -> int | None:
        """The offset of the best border between two token numbers, or None. `ideal` is where it should be."""
        nearby = range(bisect_left(self._indices, low), bisect_right(self._indices, high))
        share = max(1.0, ideal - low)
        best = min(nearby, key=lambda i: abs(self._indices[i] - ideal) / share / 2 - self._bonus[i], default=None)
        return None if best is None else self._offsets[best]
