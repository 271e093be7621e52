"""Tables as text: one line a row, each value with its column's name, so that a row found alone can be understood."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from ingest.documents import Document, document_id
from ingest.errors import FileFailed
from ingest.readers.characters import require_text, single_line
from ingest.readers.decoding import decode
from ingest.readers.tables import named_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 50
CELL_CHARACTERS = 2**24  # the csv module's own limit of 131,072 refuses tables that hold whole articles


class CsvReader:
    """Reads values separated by comma, semicolon, tab or bar: "Plan: Standard; Deductible: $2,000"."""

    suffixes = frozenset({".csv", ".tsv", ".tab", ".psv"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        csv.field_size_limit(CELL_CHARACTERS)
        try:
            text = "\n".join(named_lines(_rows(decoded.text, _delimiter(decoded.text))))
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
