"""Columns of a page that was drawn row by row, across all of them: which pieces of its lines follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from ingest.readers.pdf_parts import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROWS = 6  # that a gutter parts, at least; fewer are a table's, or chance
PROSE_CHARACTERS = 18  # of a side of a row on average; the cells of a table are shorter
PROSE_WORDS = 3
LETTERS = 0.6  # of a side's characters; columns of numbers are a table


@dataclass(frozen=True, slots=True)
class Row:
    """What stands at one height: `whole`, and the pieces of it that wide gaps part, from left to right."""

    whole: Line
    parts: tuple[Line, ...]


def in_reading_order(rows: Sequence[Row]) -> list[Line]:
    """Each row as one line, but columns of prose one after the other.

    A gutter is a place that no piece crosses over `ROWS` rows or more that have prose on both sides of it. Rows of a
    table stay rows: their cells belong together.
    """
    found = _gutter(rows)
    if found is None:
        return [row.whole for row in rows]
    place, first, last = found
    sides = [[_side(row, place, left=left) for row in rows[first:last]] for left in (True, False)]
    columns = [in_reading_order([row for row in side if row is not None]) for side in sides]
    return [*in_reading_order(rows[:first]), *columns[0], *columns[1], *in_reading_order(rows[last:])]


def _gutter(rows: Sequence[Row]) -> tuple[float, int, int] | None:
    """The place of the first gutter in points, and the stretch of rows (half open) through which it runs."""
    if sum(len(row.parts) > 1 for row in rows) < ROWS:
        return None
    gaps = [(before.right, after.left) for row in rows for before, after in pairwise(row.parts)]
    places = sorted({(left + right) / 2 for left, right in gaps}, key=lambda place: -_parted(gaps, place))
    for place in places[:3]:  # the best few: where those are none, the rest are none
        for first, last in _stretches(rows, place):
            if _is_prose(rows[first:last], place):
                return place, first, last
    return None


def _parted(gaps: Sequence[tuple[float, float]], place: float) -> int:
    return sum(left <= place <= right for left, right in gaps)


def _stretches(rows: Sequence[Row], place: float) -> Iterator[tuple[int, int]]:
    """Runs of rows of which no piece crosses the place."""
    first = 0
    for number, row in enumerate(rows):
        if any(part.left < place < part.right for part in row.parts):
            if number - first >= ROWS:
                yield first, number
            first = number + 1
    if len(rows) - first >= ROWS:
        yield first, len(rows)


def _is_prose(rows: Sequence[Row], place: float) -> bool:
    both = [(left, right) for row in rows if (left := _side(row, place, left=True)) and (right := _side(row, place))]
    if len(both) < ROWS:
        return False
    return all(_reads_on([pair[side].whole.text for pair in both]) for side in (0, 1))


def _reads_on(texts: Sequence[str]) -> bool:
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    return (
        mean(map(len, texts)) >= PROSE_CHARACTERS
        and mean(len(text.split()) for text in texts) >= PROSE_WORDS
        and letters >= LETTERS * sum(map(len, texts))
    )


def _side(row: Row, place: float, *, left: bool = False) -> Row | None:
    """The row on one side of the gutter, None where nothing stands there."""
    parts = tuple(part for part in row.parts if (part.right <= place) == left)
    if not parts:
        return None
    if len(parts) == len(row.parts):
        return row
    first, last = parts[0], parts[-1]
    text = " ".join(part.text for part in parts)
    return Row(Line(text, first.size, first.bold, first.top, last.bottom, first.left, last.right), parts)
