"""Tables in Markdown: each row told with the names of its columns, in the place of the lines that it was written as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.readers.tables import row_line

if TYPE_CHECKING:
    from markdown_it.token import Token

FRAME = frozenset("|\\")  # what stands between cells, and before a bar that is part of one


def name_rows(lines: list[str | None], tokens: Sequence[Token], plain: Callable[[str], str]) -> None:
    """Put "Plan: Basic; Price: $12" in the place of every table's lines, and None where it needs fewer of them.

    `tokens` are the blocks of `lines`, `plain` takes the marks out of the names. A table of one column, one without
    names or rows, one inside a list or a quotation, and one with more cells than columns stay as they were written.
    """
    for first, end, rows in _tables(tokens):
        names = [plain(cell).rstrip(":") if cell else "" for cell in rows[0]]
        drawn = [line for line in (lines[first], *lines[first + 2 : end]) if line]
        if len(rows) < 2 or len(names) < 2 or not any(names[1:]) or not _holds_all(rows, drawn):
            continue
        named = [row_line(row, names) for row in rows[1:] if any(row)]
        lines[first:end] = [*named, *[None] * (end - first - len(named))]


def _tables(tokens: Sequence[Token]) -> Iterator[tuple[int, int, list[list[str]]]]:
    """First line and end of each table, with its rows, that of the names first."""
    first, end = 0, 0
    rows: list[list[str]] = []
    inside = False
    for token in tokens:
        if token.type == "table_open" and token.level == 0 and token.map:
            (first, end), rows, inside = token.map, [], True
        elif inside and token.type == "tr_open":
            rows.append([])
        elif inside and token.type == "inline":
            rows[-1].append(token.content)
        elif inside and token.type == "table_close":
            yield first, end, rows
            inside = False


def _holds_all(rows: Sequence[Sequence[str]], lines: Sequence[str]) -> bool:
    """Whether nothing that was written is missing: CommonMark drops cells beyond the last column."""
    return _characters(cell for row in rows for cell in row) == _characters(lines)


def _characters(texts: Sequence[str] | Iterator[str]) -> Counter[str]:
    return Counter(each for text in texts for each in text if each not in FRAME and not each.isspace())
