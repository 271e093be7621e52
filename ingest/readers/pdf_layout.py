"""Lines of pages to the text of a document: words joined, paragraphs parted, headings and pages located."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import median
from typing import TYPE_CHECKING

from ingest.documents import Heading
from ingest.readers.characters import clean, single_line
from ingest.readers.pdf_headings import Headings
from ingest.readers.pdf_hyphens import Hyphens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.readers.pdf_parts import Line

PARAGRAPH_GAP = 0.3  # of the type's size, beyond the usual gap between lines; Word's default style leaves 0.7
LINE, PARAGRAPH = "\n", "\n\n"

_ENDED = re.compile(r"[.!?:;。！？।؟…]['\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Layout:
    """`pages[i]` is the offset at which page i begins in `text`; an empty page begins where the next one does."""

    text: str
    pages: tuple[int, ...]
    headings: tuple[Heading, ...]
    title: str


def lay_out(pages: Sequence[Sequence[Line]]) -> Layout:
    """Lines follow each other on a new line, paragraphs and headings after an empty one, pages after either."""
    setter = _Setter(pages)
    for number, page in enumerate(pages):
        for line in page:
            setter.add(line, number)
    return setter.layout()


class _Setter:
    """The text so far, and what stands where in it."""

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        self._headings = Headings(pages)
        self._hyphens = Hyphens(line.text for line in chain.from_iterable(pages))
        self._usual_gap = _usual_gap(pages)
        self._page_count = len(pages)
        self._parts: list[str] = []
        self._length = 0
        self._starts: list[int] = []
        self._found: list[Heading] = []
        self._previous: Line | None = None

    def add(self, line: Line, page: int) -> None:
        words = clean(self._hyphens.joined(line.text)).replace("\n", " ").strip()
        if not words:
            return
        turned = len(self._starts) <= page
        level = self._headings.level(line)
        separator = self._separator(line, turned=turned)
        start = self._length + len(separator)
        self._starts += [start] * (page + 1 - len(self._starts))
        if level is not None:
            self._add_heading(Heading(level, single_line(words), start), continued=separator == LINE)
        self._parts += (separator, words)
        self._length = start + len(words)
        self._previous = line

    def layout(self) -> Layout:
        starts = self._starts + [self._length] * (self._page_count - len(self._starts))
        return Layout("".join(self._parts), tuple(starts), tuple(self._found), self._headings.title)

    def _separator(self, line: Line, *, turned: bool) -> str:
        before = self._previous
        if before is None:
            return ""
        if turned:
            return PARAGRAPH if _ENDED.search(before.text) or self._headings.level(line) else LINE
        if self._headings.level(before) != self._headings.level(line):
            return PARAGRAPH
        return PARAGRAPH if _gap(before, line) > self._usual_gap + PARAGRAPH_GAP * line.size else LINE

    def _add_heading(self, heading: Heading, *, continued: bool) -> None:
        """A heading of two lines is one heading."""
        if continued and self._found:
            heading, above = self._found.pop(), heading
            heading = Heading(heading.level, f"{heading.title} {above.title}", heading.start)
        self._found.append(heading)


def _gap(above: Line, below: Line) -> float:
    """White between two lines in points; less than 0 where the second one stands in the next column."""
    return above.bottom - below.top


def _usual_gap(pages: Sequence[Sequence[Line]]) -> float:
    gaps = [
        _gap(above, below)
        for page in pages
        for above, below in pairwise(page)
        if above.size == below.size and 0 <= _gap(above, below) < 2 * below.size
    ]
    return median(gaps) if gaps else 0.0
