"""Tables as text: one line a row, each value with its column's name, so that a row found alone can be understood."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from ingest.documents import Document, document_id
from ingest.errors import FileFailed
from ingest.readers.characters import require_text, single_line
from ingest.readers.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 50
CELL_CHARACTERS = 2**24  # the csv module's own limit of 131,072 refuses tables that hold whole articles

_NUMBER = re.compile(r"[-+(]?[$€£]?\d[\d.,:/ %-]*\)?")


class CsvReader:
    """Reads values separated by comma, semicolon, tab or bar: "Plan: Standard; Deductible: $2,000"."""

    suffixes = frozenset({".csv", ".tsv", ".tab", ".psv"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        csv.field_size_limit(CELL_CHARACTERS)
        try:
            text = "\n".join(_lines(_rows(decoded.text, _delimiter(decoded.text))))
        except csv.Error as error:
            raise FileFailed("parse_error", f"not a table: {error}") from error
        return Document(document_id(data), require_text(text), source, warnings=decoded.warnings)


def _rows(text: str, delimiter: str) -> Iterable[list[str]]:
    """The rows that hold anything, every cell on one line."""
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        cells = [single_line(cell) for cell in row]
        if any(cells):
            yield cells


def _delimiter(text: str) -> str:
    """The character that cuts the most rows of the sample into the same number of cells, more than one."""

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in islice(_rows(text, delimiter), SAMPLE_ROWS))
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (rows, width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=evenness)


def _lines(rows: Iterable[list[str]]) -> Iterable[str]:
    rows = iter(rows)
    first = next(rows, [])
    second = next(rows, None)
    named = second is not None and _names_columns(first)
    names = first if named else []
    if not named:
        yield _line(first, names)
    if second is not None:
        yield _line(second, names)
    for row in rows:
        yield _line(row, names)


def _names_columns(row: Sequence[str]) -> bool:
    """Names are all different, and none is empty or a number; the first may be empty, above the names of the rows."""
    return len({*row}) == len(row) and all(row[1:]) and not any(_NUMBER.fullmatch(cell) for cell in row)


def _line(row: Sequence[str], names: Sequence[str]) -> str:
    pairs = zip_longest(row, names[: len(row)], fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for cell, name in pairs if cell)
