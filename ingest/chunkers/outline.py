"""The sections of a document: which headings stand above a stretch of it, and where a chunk should begin."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.headers import PATH

if TYPE_CHECKING:
    from ingest.documents import Document

DEEPEST = 9  # headings in a path, as many as word processors have levels
LONGEST_TITLE = 400  # characters; a longer section is not looked at for being nothing but its heading


@dataclass(frozen=True, slots=True)
class Section:
    """text[start:end] between two headings. `bare`: it holds nothing but its own heading."""

    start: int
    end: int
    titles: tuple[str, ...]  # outermost first, its own last
    bare: bool = False

    @property
    def path(self) -> str:
        return PATH.join(self.titles)


class Outline:
    """The sections of one document, in order; text above the first heading is one without titles."""

    def __init__(self, document: Document) -> None:
        self.sections = _sections(document)
        self._starts = [section.start for section in self.sections]

    def within(self, start: int, end: int) -> list[Section]:
        """The sections that text[start:end] touches."""
        return self.sections[max(0, bisect_right(self._starts, start) - 1) : bisect_left(self._starts, end)]

    def path(self, start: int, end: int) -> str:
        """The headings that hold for all of text[start:end]: the whole path in one section, else what is common."""
        touched = self.within(start, end)
        told = [section.titles for section in touched if not section.bare] or [touched[-1].titles]
        common = told[0]
        for titles in told[1:]:
            same = (i for i, (one, other) in enumerate(zip(common, titles, strict=False)) if one != other)
            common = common[: next(same, min(len(common), len(titles)))]
        return PATH.join(common)


def _sections(document: Document) -> list[Section]:
    text = document.text
    headings = sorted((h for h in document.headings if 0 <= h.start < len(text)), key=lambda heading: heading.start)
    ends = [*(heading.start for heading in headings[1:]), len(text)]
    sections = [Section(0, headings[0].start if headings else len(text), ())]
    above: list[tuple[int, str]] = []
    for heading, end in zip(headings, ends, strict=False):
        above = [*(one for one in above if one[0] < heading.level), (heading.level, heading.title)][-DEEPEST:]
        titles = tuple(title for _, title in above if title)
        sections.append(Section(heading.start, end, titles, _is_bare(text, heading.start, end, heading.title)))
    return [section for section in sections if text[section.start : section.end].strip()] or sections[:1]


def _is_bare(text: str, start: int, end: int, title: str) -> bool:
    if end - start > LONGEST_TITLE:
        return False
    return " ".join(text[start:end].strip("#=-*_ \n").split()) == " ".join(title.split())
