"""A table with a heading line: question, and any of answers, choices, source, page, span, answerable, id, kind, part.

Several answers, choices or pages of a cell stand between "|"; a span is written 120-185. Rows with "no" under "keep"
are left out. Comma, semicolon and tab are told apart by the heading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from eval.question_sets.files import Contents
from eval.question_sets.jsonl import KNOWN, question_of
from eval.samples import Question
from ingest.errors import UsageError

LISTS = {"answers", "choices", "pages"}
NO = {"no", "false", "0", "n"}
YES = {"yes", "true", "1", "y"}


def read(found: Contents) -> Iterator[Question]:
    heading = found.text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    table = csv.DictReader(io.StringIO(found.text), delimiter=delimiter)
    for number, row in enumerate(table, start=2):
        where = f"{found.path}, row {number}"
        cells = {(name or "").strip().lower(): (value or "").strip() for name, value in row.items() if name}
        if "question" not in cells:
            raise UsageError(f"{found.path} has no column 'question'.", f"Its heading is: {heading}")
        if "keep" in cells and not _flag(cells["keep"] or "yes", "keep", where):
            continue
        yield question_of(_record(cells, where), where, f"row{number}")


def _record(cells: dict[str, str], where: str) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in cells.items():
        if name not in KNOWN or not value:
            continue  # a table of one's own has columns that are not ours
        if name in LISTS:
            record[name] = [part.strip() for part in value.split("|") if part.strip()]
        elif name == "answerable":
            record[name] = _flag(value, name, where)
        elif name == "span":
            record[name] = _span(value, where)
        else:
            record[name] = value
    try:
        if "pages" in record or "page" in record:
            record["pages"] = [int(page) for page in record.pop("pages", []) or [record.pop("page")]]
    except ValueError as error:
        raise UsageError(
            f"{where}: a page that is no number.", "Pages count from 1; several stand between |."
        ) from error
    if "choices" not in record and "answer" in record:
        record.setdefault("answers", []).extend(part.strip() for part in record.pop("answer").split("|"))
    return record


def _flag(value: str, name: str, where: str) -> bool:
    if value.casefold() in YES | NO:
        return value.casefold() in YES
    raise UsageError(f"{where}: {name} is {value!r}.", "Write yes or no.")


def _span(value: str, where: str) -> list[int]:
    ends = value.split("-")
    if len(ends) != 2 or not all(end.strip().isdigit() for end in ends):
        raise UsageError(f"{where}: span {value!r}.", "Write two numbers, as 120-185.")
    return [int(end) for end in ends]
