"""Rows of tables as lines of text, each value with its column's name, so that a row found alone can be understood.

"Plan: Standard; Deductible: $2,000" stays clear wherever a chunk begins; a header that stands once at the top does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import zip_longest


class Merged(Enum):
    """A place in a table that is covered by a cell which reaches over it."""

    LEFT = "the cell to the left"
    ABOVE = "the cell above"


Cell = str | Merged

FEWEST_COLUMNS = 3  # where names are told by looks: two columns are often names and values, "Premium", "$120"
FEWEST_ROWS = 2  # of figures
MOST_REACHED = 2  # rows of names below those that are known as such

_NUMBER = re.compile(r"[-+(]?[$€£]?\d[\d.,:/ %-]*\)?")
_FIGURE = re.compile(r"[-+(~<>]?\s?[$€£¥]?\s?\d[\d.,:/ %-]*\)?(?:\s?[^\W\d]{1,8}\.?|\s?[€$£¥])?")  # "12 kg", "30 €"
_PERIOD = re.compile(r"(?:19|20)\d\d(?:[-/]\d\d?){0,2}")  # a year, a month or a day


def table_lines(rows: Sequence[Sequence[Cell]], headers: int) -> list[str]:
    """The lines of a table whose first `headers` rows name its columns.

    What a cell says that reaches over several rows holds for each of them and is repeated; in the header that goes for
    columns too: "2023" above "Q1" and "Q2" makes "2023 Q1" and "2023 Q2". Below it a cell has the names of all columns
    that it reaches over, "2023 Q1, 2023 Q2: closed", and none where it is all of its row.
    """
    table = _resolved(rows, headers)
    names = _joined(table[:headers])
    if not names or headers >= len(table):
        return [" | ".join(row) for row in table if any(row)]
    below = zip(rows[headers:], table[headers:], strict=True)
    return [row_line(texts, _names_over(row, names)) for row, texts in below if any(texts)]


def reached(rows: Sequence[Sequence[Cell]], headers: int) -> int:
    """How many rows name the columns, where the first `headers` do: those that a cell of theirs reaches into do too."""
    end = headers
    while 0 < end < len(rows) and Merged.ABOVE in rows[end]:
        end += 1
    return end if end < len(rows) and end - headers <= MOST_REACHED else headers


def rows_of_names(rows: Sequence[Sequence[Cell]]) -> int:
    """As `reached`, of a table whose first row is set apart; 0 where what it holds names no columns."""
    end = reached(rows, 1)
    names = _joined(_resolved(rows[:end], end))
    columns = zip_longest(*rows[:end], fillvalue=Merged.LEFT)
    own = [name for name, column in zip(names, columns, strict=True) if {*column} != {Merged.LEFT}]
    return end if names_columns(own) else 0


def _joined(header: Sequence[Sequence[str]]) -> list[str]:
    """The name of each column: what stands in the rows of names, outermost first, each thing once."""
    return [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip_longest(*header, fillvalue="")]


def _names_over(row: Sequence[Cell], names: Sequence[str]) -> list[str]:
    """The names of the cells of a row, each with those of all the columns that it covers."""
    over = [[name] for name in names]
    at = 0
    for column, cell in enumerate(row[: len(names)]):
        if column and cell is Merged.LEFT:
            over[at].append(names[column])
        else:
            at = column
    whole = len(over[0]) == len(names) > 1
    return ["" if whole else ", ".join(dict.fromkeys(filter(None, each))) for each in over]


def _resolved(rows: Sequence[Sequence[Cell]], headers: int) -> list[list[str]]:
    table: list[list[str]] = []
    for number, row in enumerate(rows):
        texts: list[str] = []
        for column, cell in enumerate(row):
            above = table[-1][column] if table and column < len(table[-1]) else ""
            left = texts[-1] if texts and number < headers else ""
            texts.append(cell if isinstance(cell, str) else above if cell is Merged.ABOVE else left)
        table.append(texts)
    return table


def names_columns(row: Sequence[str]) -> bool:
    """Names are all different, and none is empty or a number; the first may be empty, above the names of the rows.

    Numbers name columns where they are periods in order: "Costs", "2024", "2025".
    """
    numbers = [cell for cell in row if _NUMBER.fullmatch(cell)]
    return len({*row}) == len(row) and all(row[1:]) and (not numbers or (len(numbers) > 1 and _periods(row[1:])))


def looks_like_names(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether a first row that nothing marks names the columns: under one of its words stand figures only."""
    first = [cell for cell in rows[0] if isinstance(cell, str)] if rows else []
    if len(first) < FEWEST_COLUMNS or len(rows[0]) > len(first) or not names_columns(first):
        return False
    columns = zip(*(row for row in rows[1:] if len(row) == len(first)), strict=True)
    filled = [[cell for cell in column if isinstance(cell, str) and cell] for column in columns]
    return any(len(cells) >= FEWEST_ROWS and all(map(_FIGURE.fullmatch, cells)) for cells in filled)


def _periods(cells: Sequence[str]) -> bool:
    return all(_PERIOD.fullmatch(cell) for cell in cells) and sorted(cells) in [list(cells), list(reversed(cells))]


def row_line(row: Sequence[str], names: Sequence[str]) -> str:
    """A row with the names of its columns, cells that are empty left out."""
    pairs = zip_longest(row, names[: len(row)], fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for cell, name in pairs if cell)


def named_lines(rows: Iterable[list[str]]) -> Iterable[str]:
    """The lines of rows whose first may name the columns: it does when it looks so and is not the only one."""
    rows = iter(rows)
    first = next(rows, [])
    second = next(rows, None)
    names = first if second is not None and names_columns(first) else []
    if not names:
        yield row_line(first, names)
    if second is not None:
        yield row_line(second, names)
    for row in rows:
        yield row_line(row, names)
