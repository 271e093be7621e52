"""The cells of one sheet as text, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.readers.archive import attribute_of, child_of, children_of, descendants_of, name_of
from ingest.readers.characters import clean, single_line
from ingest.readers.number_formats import NumberFormat, shown

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_COLUMNS = 16_384  # of Excel
MOST_ROWS = 1_048_576
MOST_MERGED = 100_000  # cells under all merged ranges of a sheet; a whole merged column tells nothing

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})")


@dataclass(slots=True)
class Sheet:
    """A sheet's texts by row and column, both 1-based. `merged` maps each cell that another reaches over to that one.

    `frozen` counts the rows that are held in view, `without_value` the formulas whose value was not stored.
    """

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    frozen: int = 0
    without_value: int = 0
    last_row: int = 0

    @property
    def extent(self) -> str:
        """The range of all that is filled, "" for an empty sheet."""
        columns = [column for row in self.rows.values() for column in (min(row), max(row))]
        return range_name(min(self.rows), max(self.rows), min(columns), max(columns)) if columns else ""


@dataclass(frozen=True, slots=True)
class SheetCells:
    """How the cells of a workbook are read: its shared texts, and the number format of each style."""

    strings: Sequence[str]
    formats: Sequence[NumberFormat]
    since_1904: bool = False

    def read(self, elements: Iterable[Element]) -> Sheet:
        """The sheet whose parts below its root these are, the rows among them."""
        sheet = Sheet()
        for element in elements:
            match name_of(element):
                case "row":
                    self._row(element, sheet)
                case "mergeCell":
                    _merge(attribute_of(element, "ref"), sheet)
                case "sheetView":
                    sheet.frozen = _frozen(child_of(element, "pane"))
        return sheet

    def _row(self, row: Element, sheet: Sheet) -> None:
        stated = attribute_of(row, "r")
        sheet.last_row = number = int(stated) if stated.isdecimal() else sheet.last_row + 1
        texts: dict[int, str] = {}
        column = 0
        for cell in children_of(row, "c"):
            place = cell_place(attribute_of(cell, "r"))
            column = place[1] if place else column + 1
            text = single_line(self._text(cell))
            if text:
                texts[column] = text
            elif child_of(cell, "f") is not None and attribute_of(cell, "t") != "str":  # a text may well be empty
                sheet.without_value += 1
        if texts and number <= MOST_ROWS and max(texts) <= MOST_COLUMNS:
            sheet.rows[number] = texts

    def _text(self, cell: Element) -> str:
        kind = attribute_of(cell, "t")
        if kind == "inlineStr":
            return spelled_out("".join(text.text or "" for text in descendants_of(child_of(cell, "is"), "t")))
        value = child_of(cell, "v")
        text = (value.text or "") if value is not None else ""
        match kind:
            case "s":
                known = text.isdecimal() and int(text) < len(self.strings)
                return self.strings[int(text)] if known else ""
            case "b":
                return {"1": "TRUE", "0": "FALSE"}.get(text, text)
            case "" | "n":
                return shown(text, self._format(attribute_of(cell, "s")), since_1904=self.since_1904)
        return spelled_out(text)  # "str", "e" and "d": a formula's text, an error such as #REF!, a date of ISO 8601

    def _format(self, style: str) -> NumberFormat:
        number = int(style) if style.isdecimal() else 0
        return self.formats[number] if number < len(self.formats) else NumberFormat()


def spelled_out(text: str) -> str:
    """The characters that a text of a cell stands for: Excel writes a line end of other systems as "_x000D_", and
    "_x005F_" for the sign before what only looks so (ECMA-376 part 1, 22.9.2.19)."""
    return clean(_ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text))


def cell_place(name: str) -> tuple[int, int] | None:
    """Row and column of a cell by its name ("B3" is (3, 2)), None for what is none."""
    match = _PLACE.fullmatch(name)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column


def range_places(name: str) -> tuple[int, int, int, int] | None:
    """First and last row, first and last column of a range ("A2:F26"); None for what is none."""
    first, _, last = name.partition(":")
    begin, end = cell_place(first), cell_place(last or first)
    return (begin[0], end[0], begin[1], end[1]) if begin and end else None


def range_name(first: int, last: int, left: int, right: int) -> str:
    """ "A2:F26" from rows and columns, "B3" for one cell."""
    begin, end = f"{column_name(left)}{first}", f"{column_name(right)}{last}"
    return begin if begin == end else f"{begin}:{end}"


def column_name(column: int) -> str:
    """1 is "A", 27 is "AA"."""
    name = ""
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _merge(name: str, sheet: Sheet) -> None:
    places = range_places(name)
    if places is None:
        return
    first, last, left, right = places
    if (last - first + 1) * (right - left + 1) + len(sheet.merged) > MOST_MERGED:
        return
    for row in range(first, last + 1):
        for column in range(left, right + 1):
            if (row, column) != (first, left):
                sheet.merged[row, column] = (first, left)


def _frozen(pane: Element | None) -> int:
    rows = attribute_of(pane, "ySplit")
    return int(rows) if attribute_of(pane, "state").startswith("frozen") and rows.isdecimal() else 0
