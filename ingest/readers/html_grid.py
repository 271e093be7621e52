"""Which cell of an HTML table covers which slot: https://html.spec.whatwg.org/multipage/tables.html#forming-a-table

What does not come out as a full rectangle is no grid here: browsers draw it somehow, and nobody can tell names from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ingest.readers.characters import single_line

CELLS = frozenset({"td", "th"})
GROUPS = frozenset({"thead", "tbody", "tfoot"})
WIDEST, TALLEST = 1000, 65_534  # that a cell may say of itself, by the standard

_SPAN = re.compile(r"\s*\+?(\d{1,9})")


@dataclass(frozen=True, eq=False)
class Placed:
    """A cell whose first slot is in this row and column."""

    node: Any
    row: int
    column: int
    width: int

    @cached_property
    def text(self) -> str:
        return single_line(self.node.text)

    @property
    def is_name(self) -> bool:
        """Whether it may stand among names: a header cell, or the empty corner above those of rows."""
        return self.node.tag == "th" or not self.text


Line = list[Placed]  # of a row, the cell that covers each slot; empty where the row has no cell


@dataclass(frozen=True)
class Grid:
    rows: list[Any]  # elements
    lines: list[Line]


def grid_of(table: Any, most: int) -> Grid | None:
    """The grid of a table, None where its cells overlap, leave slots open, or would fill more than `most`."""
    groups = list(_groups(table))
    width = _width(groups)
    rows = [row for group in groups for row in group]
    if not 0 < len(rows) * width <= most:
        return None
    lines: list[Line] = []
    for group in groups:
        placed = _lines(group, width, len(lines))
        if placed is None:
            return None
        lines += placed
    return Grid(rows, lines)


def _groups(table: Any) -> Iterator[list[Any]]:
    """The rows of each group: no cell reaches out of its own."""
    for part in _children(table):
        if part.tag in GROUPS:
            yield [row for row in _children(part) if row.tag == "tr"]


def _width(groups: list[list[Any]]) -> int:
    """That of the first row of several cells: one by itself often says 100 columns and means all."""
    for row in (row for group in groups for row in group):
        spans = [_span(cell, "colspan", WIDEST) for cell in _cells(row)]
        if len(spans) > 1:
            return sum(spans)
    return 0


def _lines(group: list[Any], width: int, first: int) -> list[Line] | None:
    lines: list[Line] = []
    reaching: list[tuple[Placed | None, int]] = [(None, 0)] * width  # by column: the cell, and its last row
    for number, row in enumerate(group):
        slots = [cell if number <= last else None for cell, last in reaching]
        cells = list(_cells(row))
        at = 0
        for cell in cells:
            while at < width and slots[at]:
                at += 1
            wide = _span(cell, "colspan", WIDEST)
            wide = min(wide, width) if len(cells) == 1 else wide
            if not wide or at + wide > width or any(slots[at : at + wide]):
                return None
            placed = Placed(cell, first + number, at, wide)
            slots[at : at + wide] = [placed] * wide
            last = number + (_span(cell, "rowspan", TALLEST) or len(group)) - 1
            reaching[at : at + wide] = [(placed, last)] * wide
            at += wide
        line = [cell for cell in slots if cell and cells]
        if line and len(line) < width:
            return None
        lines.append(line)
    return lines


def _cells(row: Any) -> Iterator[Any]:
    return (child for child in _children(row) if child.tag in CELLS)


def _children(element: Any) -> Iterator[Any]:
    """Its elements, one after the other: `child_nodes` takes a time that grows with the square of their number."""
    child = element.first_element_child
    while child is not None:
        yield child
        child = child.next_element_sibling


def _span(cell: Any, name: str, most: int) -> int:
    """What a cell says of its width or height; 1 where that is no number, or a width of 0."""
    said = _SPAN.match(cell.getattr(name, "") or "")
    number = min(int(said[1]), most) if said else 1
    return number if number or name == "rowspan" else 1
