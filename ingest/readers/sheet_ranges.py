"""A sheet as the tables that a person sees on it, each cut into ranges of cells short enough to be found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.readers.sheet_cells import Sheet, range_name, range_places
from ingest.readers.tables import Cell, Merged, names_columns, table_lines

ROWS_A_PAGE = 25  # about what one chunk holds, and what a person takes in at a glance


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that stand together: their numbers, and the lines that they make. `names` are the rows that name columns."""

    rows: tuple[int, ...]
    lines: tuple[str, ...]
    left: int
    right: int
    names: tuple[Sequence[Cell], ...] = ()

    def pages(self) -> Iterator[tuple[str, list[str]]]:
        """The lines with the names of their ranges ("A1:F26"). What stands above the body goes with its first rows."""
        above = len(self.rows) - len(self.lines)
        for start in range(0, len(self.lines), ROWS_A_PAGE):
            end = min(start + ROWS_A_PAGE, len(self.lines))
            first = self.rows[start + above] if start else self.rows[0]
            yield range_name(first, self.rows[end + above - 1], self.left, self.right), list(self.lines[start:end])


def blocks(sheet: Sheet, tables: Sequence[str] = ()) -> Iterator[Block]:
    """The blocks of a sheet from top to bottom, those side by side from left to right.

    `tables` holds the ranges that the workbook calls tables: their first rows name columns. Elsewhere a first row does
    when it looks so, and when it is held in view; it does so for what follows after an empty row, too.
    """
    headed = {places[0]: places for places in map(range_places, tables) if places}
    before: Block | None = None
    for rows in _groups(sheet, {places[1] + 1 for places in headed.values()} | set(headed)):
        for left, right in _bands(sheet, rows):
            before = _block(sheet, rows, (left, right), headed=rows[0] in headed, before=before)
            yield before


def _groups(sheet: Sheet, borders: set[int]) -> Iterator[list[int]]:
    """Runs of filled rows without an empty one, cut where a table begins or ends."""
    numbers = sorted(sheet.rows)
    step = 0
    starts = []
    for number, previous in zip(numbers, [None, *numbers], strict=False):
        step += previous is not None and (number != previous + 1 or number in borders)
        starts.append(step)
    for _, run in groupby(zip(starts, numbers, strict=True), key=lambda pair: pair[0]):
        yield [number for _, number in run]


def _bands(sheet: Sheet, rows: Sequence[int]) -> list[tuple[int, int]]:
    """First and last columns of the tables that stand side by side in these rows, with empty columns between them.

    Empty columns within one table are common. So they part two only where each has two columns and names them.
    """
    columns = sorted({column for row in rows for column in sheet.rows[row]})
    runs = [[pair[1] for pair in run] for _, run in groupby(enumerate(columns), key=lambda pair: pair[1] - pair[0])]
    bands = [(run[0], run[-1]) for run in runs]
    apart = len(rows) > 1 and all(
        right > left and names_columns([sheet.rows[rows[0]].get(column, "") for column in range(left, right + 1)])
        for left, right in bands
    )
    return bands if apart else [(columns[0], columns[-1])]


def _block(sheet: Sheet, rows: Sequence[int], band: tuple[int, int], *, headed: bool, before: Block | None) -> Block:
    left, right = band
    filled = [row for row in rows if any(left <= column <= right for column in sheet.rows[row])]
    titles = 0 if headed else _titles(sheet, filled, band)
    body = [_cells(sheet, row, band) for row in filled[titles:]]
    heads = 1 if headed and len(body) > 1 else _heads(sheet, filled[titles:], body)
    names = [*body[:heads]] if heads else _carried(before, band, body)
    lines = table_lines([*names, *body[heads:]], len(names))
    above = [text for row in filled[:titles] for text in sheet.rows[row].values()]
    return Block(tuple(filled), (*above, *lines), left, right, names=tuple(names))


def _titles(sheet: Sheet, rows: Sequence[int], band: tuple[int, int]) -> int:
    """How many rows above a table hold one text only, as "Prices from May on"."""
    if band[0] == band[1]:
        return 0
    single = [len(sheet.rows[row]) == 1 for row in rows]
    return single.index(False) if False in single else 0


def _heads(sheet: Sheet, rows: Sequence[int], body: Sequence[Sequence[Cell]]) -> int:
    """How many rows name the columns."""
    if len(body) < 2 or len(body[0]) < 2:
        return 0
    frozen = sum(row <= sheet.frozen for row in rows)
    if 0 < frozen < len(body):
        return frozen
    return int(names_columns([cell for cell in _trimmed(body[0]) if isinstance(cell, str)]))


def _carried(before: Block | None, band: tuple[int, int], body: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    """The names of the table above, where this is its continuation: the same first column, and no wider."""
    if before is None or not before.names or band[0] != before.left or band[1] > before.right or len(body[0]) < 2:
        return []
    return [*before.names]


def _trimmed(cells: Sequence[Cell]) -> Sequence[Cell]:
    """The cells up to the last that is filled: notes beside a table need no name."""
    last = max((number for number, cell in enumerate(cells) if cell), default=-1)
    return cells[: last + 1]


def _cells(sheet: Sheet, row: int, band: tuple[int, int]) -> list[Cell]:
    texts = sheet.rows[row]
    return [texts.get(column) or _merged(sheet, row, column) for column in range(band[0], band[1] + 1)]


def _merged(sheet: Sheet, row: int, column: int) -> Cell:
    """What reaches over an empty cell: Excel keeps no text in those under another."""
    origin = sheet.merged.get((row, column))
    if origin is None:
        return ""
    return Merged.ABOVE if origin[0] < row else Merged.LEFT
