"""Headings of a PDF that has no outline, by the type they are set in; and its title."""

from __future__ import annotations

from collections import Counter
from itertools import chain, groupby
from typing import TYPE_CHECKING

from ingest.readers.characters import single_line
from ingest.readers.pdf_parts import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGER = 1.15  # times the body's size; less is a note, a caption or a wide line
TITLE_LARGER = 1.3
HEADING_CHARACTERS = 120
HEADING_LINES = 3
TITLE_CHARACTERS = 150
TITLE_LINES = 3
RUNNING_PAGES = 3  # what stands at one height of so many pages is their header
PROSE_CHARACTERS = (
    40  # a bold line is a heading when a line as long as this follows; below the head of a table are cells
)
DEEPEST = 6


class Headings:
    """Which lines of a document are headings.

    A line set clearly larger than the body is one; so is a bold line above prose, where the body is not bold. Levels
    follow the sizes that occur, the largest first.
    """

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        self._size, self._bold = _body(pages)
        places = Counter((line.text, round(line.top)) for page in pages for line in page)
        self._running = {place for place, count in places.items() if count >= RUNNING_PAGES}
        self._title = list(self._title_lines(next(filter(None, pages), ())))
        self.title = single_line(" ".join(line.text for line in self._title))[:TITLE_CHARACTERS]
        found = list(chain.from_iterable(map(self._on, pages)))
        styles = sorted({_style(line) for line in found}, reverse=True)
        self._levels = {line: min(styles.index(_style(line)) + 1, DEEPEST) for line in found}

    def level(self, line: Line) -> int | None:
        """1 for the highest; None for a line that is no heading."""
        return self._levels.get(line)

    def _on(self, page: Sequence[Line]) -> Iterator[Line]:
        """The headings of a page, from its foot up: whether prose follows must be known first."""
        above_prose = False
        for (possible, _), lines in groupby(reversed(page), key=lambda line: (self._possible(line), _style(line))):
            run = list(lines)
            if not possible or len(run) > HEADING_LINES:  # so many in a row are a table of contents, or emphasis
                above_prose = len(run[-1].text) >= PROSE_CHARACTERS
            elif self._larger(run[0], LARGER) or above_prose:
                yield from run

    def _possible(self, line: Line) -> bool:
        letters = sum(map(str.isalpha, line.text))
        if not letters or letters < len(line.text) / 2 or len(line.text) > HEADING_CHARACTERS:
            return False
        if line.text.endswith((",", ";")) or line in self._title or (line.text, round(line.top)) in self._running:
            return False
        if self._larger(line, LARGER):
            return True
        return line.bold and not self._bold and self._larger(line, 1.0) and not line.text.endswith(".")

    def _larger(self, line: Line, times: float) -> bool:
        return 0 < self._size * times <= line.size

    def _title_lines(self, page: Sequence[Line]) -> Iterator[Line]:
        """The first large lines of the first page that holds text."""
        started = 0
        for line in page:
            if self._larger(line, TITLE_LARGER) and started < TITLE_LINES:
                started += 1
                yield line
            elif started:
                return


def _body(pages: Sequence[Sequence[Line]]) -> tuple[float, bool]:
    """The size and weight that most characters are set in; size 0 where sizes are not known."""
    characters: Counter[tuple[float, bool]] = Counter()
    for line in chain.from_iterable(pages):
        characters[line.size, line.bold] += len(line.text)
    sizes: Counter[float] = Counter()
    for (size, _), count in characters.items():
        sizes[size] += count
    size = max(sizes, key=lambda size: (sizes[size], size), default=0.0)
    return size, characters[size, True] > characters[size, False]


def _style(line: Line) -> tuple[float, bool]:
    return round(line.size * 2) / 2, line.bold
