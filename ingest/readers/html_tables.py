"""Tables of web pages: the name of its column stands before each value, so that a row found alone can be understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.readers.characters import single_line
from ingest.readers.tables import looks_like_names, names_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from resiliparse.parse.html import HTMLTree

CELLS = frozenset({"td", "th"})
BLOCKS = frozenset({"p", "div"})  # that a cell may begin with: the name goes inside, onto the line of the value


def name_values(tree: HTMLTree) -> None:
    """Puts "Price: " before "$12" in every table whose first row is one of names (all `th`, all different) or looks so.

    The row of names stays where it is. Tables inside others, with cells that reach over several columns or rows, or
    with rows of another length, are left alone: which name belongs to which value is not certain there.
    """
    for table in tree.body.query_selector_all("table") if tree.body else ():
        if table.query_selector("table") or table.query_selector("[colspan], [rowspan]"):
            continue
        rows = [cells for row in table.query_selector_all("tr") if (cells := list(_cells(row)))]
        if names := _names(rows):
            for row in rows[1:]:
                for name, cell in zip(names, row, strict=True):
                    _put_before(tree, cell, name)


def _cells(row: Any) -> Iterator[Any]:
    return (child for child in row.child_nodes if child.tag in CELLS)


def _names(rows: Sequence[Sequence[Any]]) -> list[str]:
    """What the first row names the columns; nothing where it does not."""
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return []
    names = [single_line(cell.text).rstrip(":") for cell in rows[0]]
    if all(cell.tag == "th" for cell in rows[0]):
        return names if names_columns(names) else []
    return names if looks_like_names([names, *([single_line(cell.text) for cell in row] for row in rows[1:])]) else []


def _put_before(tree: HTMLTree, cell: Any, name: str) -> None:
    words = single_line(cell.text)
    if not name or not words or words.startswith(f"{name}:"):
        return
    place = cell
    while place.first_element_child and place.first_element_child.tag in BLOCKS and not _text_first(place):
        place = place.first_element_child
    place.insert_before(tree.create_text_node(f"{name}: "), place.first_child)


def _text_first(node: Any) -> bool:
    """Whether text stands before the first element."""
    first = node.first_child
    return first.tag == "#text" and bool(first.text.strip())
