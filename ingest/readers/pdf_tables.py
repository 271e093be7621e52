"""Ruled tables of a PDF as lines that carry the names of their columns, in the place of those they were drawn as."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ingest.readers.pdf_parts import HYPHEN, Line
from ingest.readers.pdf_ruled import TOUCHING, Box, Grid, RuledPages, is_installed
from ingest.readers.tables import Merged, names_columns, table_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.documents import Metadata
    from ingest.readers.pdfium_file import PdfiumFile
    from ingest.readers.tables import Cell

SECONDS = 35.0  # of one file, which has 60: a page takes a tenth of a second or more, on a busy machine five times that
TRIES = 10  # pages in a row whose rules made no table; then a file is taken to have none
OUTSIDE = 2.0  # points by which letters may stand out of the rules around them
UNREAD = "ruled_pages"  # in the metadata: pages with rules on them, where no package reads those
MOST_NAMES = 2  # rows that name columns


@dataclass(frozen=True, slots=True)
class _Names:
    """What names the columns of a table, for its continuation at the top of the next page."""

    page: int
    columns: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Tables:
    """Sets the tables of one file. `unread` counts pages that may hold one and were not looked at."""

    def __init__(self, data: bytes) -> None:
        self._ruled = RuledPages(data)
        self._spent = 0.0
        self._tries = 0
        self._names: _Names | None = None
        self.found = 0
        self.unread = 0

    def set(self, lines: list[Line], file: PdfiumFile, page: int) -> list[Line]:
        """The lines of a page (from 0), each row of its tables as one line. A table that holds less text than stood
        there, or whose columns have no names, stays as it was drawn."""
        if self._tries >= TRIES or not file.may_hold_table(page):
            return lines
        if not is_installed() or self._spent > SECONDS:
            self.unread += 1
            return lines
        started = time.monotonic()
        before = self.found
        for grid in self._ruled.grids(page):
            lines = self._set_one(lines, grid, file, page)
        self._spent += time.monotonic() - started
        self._tries = self._tries + 1 if self.found == before else 0
        return lines

    @property
    def warnings(self) -> list[str]:
        """What was not looked at for want of time."""
        told = f"looking for tables took {SECONDS:g} s: those on {self.unread} pages are left as they were drawn"
        return [told] if self.unread and is_installed() else []

    @property
    def metadata(self) -> Metadata:
        """How many pages the extra could read better; nothing where it is installed."""
        return {UNREAD: self.unread} if self.unread and not is_installed() else {}

    def _set_one(self, lines: list[Line], grid: Grid, file: PdfiumFile, page: int) -> list[Line]:
        inside = [line for line in lines if _is_inside(line, grid.box)]
        if not inside or any(_crosses(line, grid.box) for line in lines):
            return lines
        for inset in (0.0, TOUCHING):  # letters of the line above may reach into a cell
            rows = _texts(grid, file, page, inset)
            heads, names = self._heads(rows, grid, page)
            if heads and _holds_all(rows, inside):
                break
        else:
            return lines
        self.found += 1
        self._names = _Names(page, grid.columns, tuple(tuple(row) for row in heads))
        first = lines.index(inside[0])
        gone = set(map(id, inside))
        after = [line for line in lines[first:] if id(line) not in gone]
        return [*lines[:first], *_rows(rows, heads, names, grid, inside), *after]

    def _heads(self, rows: Sequence[Sequence[Cell]], grid: Grid, page: int) -> tuple[Sequence[Sequence[Cell]], int]:
        """The rows that name the columns, and how many of them stand in this table: none in a continuation."""
        if len(grid.columns) < 2 or not rows:
            return (), 0
        for count in range(1, min(MOST_NAMES, len(rows) - 1) + 1):
            if names_columns(_joined(rows[:count])):
                return rows[:count], count
        before = self._names
        if before and before.page == page - 1 and before.columns == grid.columns:
            return before.rows, 0
        return (), 0


def _joined(heads: Sequence[Sequence[Cell]]) -> list[str]:
    """The name of each column. One cell across all of them is a title, and names none."""
    texts: list[list[str]] = []
    for row in heads:
        line: list[str] = []
        for cell in row:
            line.append(cell if isinstance(cell, str) else line[-1] if cell is Merged.LEFT and line else "")
        texts.append(line)
    return [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*texts, strict=True)]


def _rows(
    rows: Sequence[Sequence[Cell]], heads: Sequence[Sequence[Cell]], names: int, grid: Grid, inside: Sequence[Line]
) -> list[Line]:
    """A line for each row of the body, as high as the row: rows touch, and nothing between them is a paragraph."""
    size = median(line.size for line in inside)
    heights = [_height(row, grid.box) for row in grid.rows]
    made: list[Line] = []
    for row, (top, bottom) in list(zip(rows, heights, strict=True))[names:]:
        if any(isinstance(cell, str) and cell for cell in row):
            texts = table_lines([*heads, _filled(row, rows)], len(heads))
            made += [Line(text, size, False, top, bottom, grid.box.left, grid.box.right) for text in texts]
    return made


def _filled(row: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """The row with what reaches down into it from a row above."""
    place = next(number for number, other in enumerate(rows) if other is row)
    filled: list[Cell] = []
    for column, cell in enumerate(row):
        above = place
        while cell is Merged.ABOVE and above > 0:
            above -= 1
            cell = rows[above][column]
        filled.append("" if cell is Merged.LEFT else cell)
    return filled


def _height(row: Sequence[Box | Merged], box: Box) -> tuple[float, float]:
    cells = [cell for cell in row if isinstance(cell, Box)]
    return max((cell.top for cell in cells), default=box.top), max((cell.bottom for cell in cells), default=box.bottom)


def _texts(grid: Grid, file: PdfiumFile, page: int, inset: float) -> list[list[Cell]]:
    """What stands in the cells, without letters that reach less than `inset` points into one from above or below."""
    boxes = [cell for row in grid.rows for cell in row if isinstance(cell, Box)]
    places = [(box.left, box.bottom + inset, box.right, box.top - inset) for box in boxes]
    texts = iter(file.texts_within(page, places))
    return [[cell if isinstance(cell, Merged) else _set(next(texts)) for cell in row] for row in grid.rows]


def _set(text: str) -> str:
    """The text of a cell on one line, words that were broken at the end of a line still marked."""
    return re.sub(r"\s+", " ", re.sub(rf"{HYPHEN}\s*", HYPHEN, text)).strip()


def _is_inside(line: Line, box: Box) -> bool:
    middle = (line.top + line.bottom) / 2
    wide = box.left - OUTSIDE <= line.left and line.right <= box.right + OUTSIDE
    return wide and box.bottom < middle < box.top


def _crosses(line: Line, box: Box) -> bool:
    """Whether a line stands partly in the table and partly beside it."""
    middle = (line.top + line.bottom) / 2
    if not box.bottom < middle < box.top or _is_inside(line, box):
        return False
    return line.left < box.right - TOUCHING and line.right > box.left + TOUCHING


def _holds_all(rows: Sequence[Sequence[Cell]], lines: Sequence[Line]) -> bool:
    """Whether the cells hold every character of the lines, each once: a cell read wrong must not cost a word."""
    cells = Counter("".join(cell for row in rows for cell in row if isinstance(cell, str)))
    drawn = Counter("".join(line.text for line in lines))
    return all(cells[character] == count for character, count in drawn.items() if not _is_white(character)) and all(
        character in drawn for character in cells if not _is_white(character)
    )


def _is_white(character: str) -> bool:
    return character.isspace() or character in {HYPHEN, "-", "\u00ad", "\u2010"}
