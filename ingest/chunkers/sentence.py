"""The default chunker: sections, cut into pieces of even size where the text itself has its best borders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from ingest.chunkers.borders import Borders, Window
from ingest.chunkers.measure import MARGIN, Limit, Ruler
from ingest.chunkers.outline import Outline, Section
from ingest.documents import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.documents import Document
    from ingest.protocols import Tokens

# Of 160, 180, 200, 220, 230 and 240 tokens, 160 finds fewer pages and paragraphs, and from 200 on only the share of a
# prompt that is beside the point grows (docs/experiments.md).
TARGET = 200  # tokens of text, header not counted
SMALL = 0.4  # of the target: a shorter section is joined with the next rather than made a chunk of its own
SHORTER, LONGER = 0.5, 1.125  # of an even piece: so long may one be, to end at a better border

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
        headings = {section.start for section in self._outline.sections if section.titles}
        self._borders = Borders(document.text, self._ruler, headings)

    def spans(self) -> Iterator[Span]:
        for group in self._groups():
            room = self._limit.room({section.path for section in group})
            for start, end in self._pieces(group[0].start, group[-1].end, room):
                yield Span(start, end, self._outline.path(start, end))

    def _groups(self) -> list[list[Section]]:
        """Runs of sections that are cut as one: none too short, none a heading without its text, if avoidable."""
        groups: list[list[Section]] = []
        unfinished = False
        for section in self._outline.sections:
            if unfinished:
                groups[-1].append(section)
            else:
                groups.append([section])
            unfinished = section.bare or self._length(groups[-1]) < SMALL * self._target
        if unfinished and len(groups) > 1 and self._length(groups[-2] + groups[-1]) <= self._target:
            groups[-2:] = [groups[-2] + groups[-1]]
        return groups

    def _length(self, group: list[Section]) -> int:
        return self._ruler.count(group[0].start, group[-1].end)

    def _pieces(self, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
        while visible := _VISIBLE.search(self._text, start, end):
            begin = visible.start()
            cut = self._cut(begin, end, room)
            whole_words = self._borders.between_words(begin) and self._borders.between_words(cut)
            if self._ruler.count(begin, cut) > room - MARGIN or not whole_words:
                cut = self._limit.end(self._text, begin, cut, room)
            yield begin, begin + len(self._text[begin:cut].rstrip())
            start = cut

    def _cut(self, begin: int, end: int, room: int) -> int:
        """Where the piece that begins at `begin` should end: at the best border near an even share of what is left."""
        first = self._ruler.index(begin)
        left = self._ruler.index(end) - first
        target = min(self._target, room)
        if left <= target:
            return end
        size = left / ceil(left / target)
        longest = min(room, max(target, int(size * LONGER)))
        return self._borders.best(Window(first + int(size * SHORTER), first + longest, first + size, size))
