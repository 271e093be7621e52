"""Tables of web pages: the name of its column stands before each value, so that a row found alone can be understood."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ingest.readers.html_grid import Grid, Line, Placed, grid_of
from ingest.readers.tables import Cell, Merged, looks_like_names, names_columns

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree

BLOCKS = frozenset({"p", "div"})  # that a cell may begin with: the name goes inside, onto the line of the value
LONGEST_REPEATED = 400  # characters of a cell that is said again in each row it reaches over
MOST_WORK = 10_000_000  # slots filled and characters added on one page: what spans and long names say multiplies


def name_values(tree: HTMLTree) -> None:
    """Puts "Price: " before "$12" in every table whose first rows are those of names (all `th`) or look so.

    A value has the names of all header cells above its columns, outermost first: "2024 Costs: 12". A cell that reaches
    over several rows is said in each of them, one over all columns (a caption, a section) has no name. The rows of
    names stay where they are. Tables inside others, and those whose names are not certain, are left alone.
    """
    room = MOST_WORK
    for table in tree.body.query_selector_all("table") if tree.body else ():
        grid = None if table.query_selector("table") else grid_of(table, room)
        if grid is None:
            continue
        room -= sum(map(len, grid.lines))
        first, names = _names(grid)
        below = range(first, len(grid.lines)) if names else range(0)
        if (added := sum(_added(grid.lines[number], number, names) for number in below)) <= room:
            room -= added
            for number in below:
                _name_row(tree, grid, number, names)


def _names(grid: Grid) -> tuple[int, list[str]]:
    """The first row below the names, and the name of each column; no names where they are not certain."""
    lines = grid.lines
    top = next((number for number, line in enumerate(lines) if len(set(line)) > 1), len(lines))
    end = _end_of_header(lines, top) if top < len(lines) else 0
    if not end:
        return _unmarked(lines, top)
    columns = list(zip(*(line for line in lines[top:end] if len(set(line)) > 1), strict=True))
    names = [" ".join(dict.fromkeys(filter(None, (cell.text.rstrip(":") for cell in column)))) for column in columns]
    distinct = [name for (_, name), _ in groupby(zip(columns, names, strict=True))]
    known = len(distinct) > 1 and end < len(lines) and names_columns(distinct)
    return end, names if known else []


def _end_of_header(lines: list[Line], top: int) -> int:
    """Behind the rows of names: a first row of header cells, and those that its cells reach into or have parts in; 0
    where there is none."""
    end = top
    while end < len(lines) and all(cell.is_name for cell in lines[end]):
        end += 1
        above = {cell for cell in lines[end - 1] if len(set(lines[end - 1])) > 1}
        below = set(lines[end]) if end < len(lines) else set()
        if not above & below and all(cell.width == 1 for cell in above):
            return end
    reached = end < len(lines) and any(cell.row < end for cell in lines[end])
    return 0 if reached or not any(cell.node.tag == "th" for cell in lines[top]) else end


def _unmarked(lines: list[Line], top: int) -> tuple[int, list[str]]:
    """As `_names`, of a table that marks no names: its first row is one where it looks so."""
    rows = [_as_cells(line, number) for number, line in enumerate(lines) if number >= top and len(set(line)) > 1]
    reached = len(lines) > top + 1 and not {*lines[top]}.isdisjoint(lines[top + 1])
    if not rows or reached or not looks_like_names(rows):
        return 0, []
    return top + 1, [cell.text.rstrip(":") for cell in lines[top]]


def _as_cells(line: Line, number: int) -> list[Cell]:
    return [
        Merged.LEFT if column > cell.column else Merged.ABOVE if number > cell.row else cell.text.rstrip(":")
        for column, cell in enumerate(line)
    ]


def _named(line: Line, names: list[str]) -> Iterator[tuple[Placed, str]]:
    """The cells of a row, each with the names of its columns; nothing for a row that is one cell."""
    cells = list(dict.fromkeys(line))
    for cell in cells if len(cells) > 1 else ():
        yield cell, ", ".join(dict.fromkeys(filter(None, names[cell.column : cell.column + cell.width])))


def _added(line: Line, number: int, names: list[str]) -> int:
    return sum(len(name) + 2 + (len(cell.text) if cell.row < number else 0) for cell, name in _named(line, names))


def _name_row(tree: HTMLTree, grid: Grid, number: int, names: list[str]) -> None:
    """Names the cells of a row, and repeats in it those that reach into it from above."""
    row, following = grid.rows[number], None
    for cell, name in reversed(list(_named(grid.lines[number], names))):
        if cell.row == number:
            _put_before(tree, cell, name)
            following = cell.node
        elif cell.text and len(cell.text) <= LONGEST_REPEATED:
            repeated: Any = tree.create_element("td")
            repeated.append_child(tree.create_text_node(f"{name}: {cell.text}" if name else cell.text))
            if following is None:
                row.append_child(repeated)
            else:
                row.insert_before(repeated, following)
            following = repeated


def _put_before(tree: HTMLTree, cell: Placed, name: str) -> None:
    if not name or not cell.text or cell.text.startswith(f"{name}:"):
        return
    place = cell.node
    while place.first_element_child and place.first_element_child.tag in BLOCKS and not _text_first(place):
        place = place.first_element_child
    place.insert_before(tree.create_text_node(f"{name}: "), place.first_child)


def _text_first(node: Any) -> bool:
    """Whether text stands before the first element."""
    first = node.first_child
    return first.tag == "#text" and bool(first.text.strip())
