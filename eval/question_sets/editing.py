"""A question set as the rows of a table that a person corrects, and as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.samples import Question
from ingest.errors import UsageError

APART = " | "  # between answers that are equally right
QUESTION, EXPECTED, SOURCE, ANSWERABLE, ID = "Question", "Expected", "Source", "In the documents", "id"
_FILE = ("id", "question", "answers", "choices", "answer", "source", "pages", "span", "answerable", "kind", "part")


def rows_of(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """One row a question. Of one with choices, the letter of the right one is what is expected."""
    return [
        {
            QUESTION: each.question,
            EXPECTED: each.answer if each.choices else APART.join(each.answers),
            SOURCE: each.source,
            ANSWERABLE: each.answerable,
            ID: each.id,
        }
        for each in questions
    ]


def edited(questions: Sequence[Question], rows: Iterable[Mapping[str, Any]]) -> list[Question]:
    """The questions as the rows have them: changed, added, or left out. What the table does not show stays.

    Raises `UsageError` for a row without a question, and for one that is answered and does not say how.
    """
    known = {each.id: each for each in questions}
    taken = set(known)
    made = []
    for number, row in enumerate(rows, start=1):
        text = str(row.get(QUESTION) or "").strip()
        if not text:
            raise UsageError(f"Row {number} has no question.", "Write one, or delete the row.")
        old = known.get(str(row.get(ID) or "")) or Question(_new_id(taken), "")
        made.append(_changed(old, text, row, number))
    return made


def as_csv(questions: Iterable[Question]) -> str:
    """A table that `load` reads as the same questions, contexts of their own excepted."""
    out = io.StringIO()
    table = csv.DictWriter(out, _FILE, lineterminator="\n")
    table.writeheader()
    for each in questions:
        table.writerow(
            {
                "id": each.id,
                "question": each.question,
                "answers": APART.join(each.answers),
                "choices": APART.join(each.choices),
                "answer": each.answer,
                "source": each.source,
                "pages": APART.join(map(str, each.pages)),
                "span": f"{each.span[0]}-{each.span[1]}" if each.span else "",
                "answerable": "yes" if each.answerable else "no",
                "kind": each.kind,
                "part": each.part,
            }
        )
    return out.getvalue()


def _changed(old: Question, text: str, row: Mapping[str, Any], number: int) -> Question:
    expected = str(row.get(EXPECTED) or "").strip()
    answerable = row.get(ANSWERABLE) is not False
    answers = tuple(part.strip() for part in expected.split(APART.strip()) if part.strip())
    if answerable and not (answers or old.span or old.pages):
        raise UsageError(
            f"Row {number} has no expected answer: {text}",
            f"Write one, or take the tick from {ANSWERABLE!r} where refusing is right.",
        )
    said = {"answer": expected} if old.choices else {"answers": answers}
    source = str(row.get(SOURCE) or "").strip()
    return replace(old, question=text, source=source, answerable=answerable, **said)


def _new_id(taken: set[str]) -> str:
    number = next(number for number in range(1, len(taken) + 2) if f"added{number}" not in taken)
    taken.add(f"added{number}")
    return f"added{number}"
