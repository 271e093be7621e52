"""Kestrel's own form: one JSON object a line.

{"id", "question", "answers": […] or "choices": […] with "answer": "B", "source", "page" or "pages" or
"span": [start, end], "answerable", "kind", "part": "train"|"test", "context"}; only "question" must be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from eval.question_sets.files import Contents
from eval.samples import LETTERS, Question
from ingest.errors import UsageError

KNOWN = {"id", "question", "answers", "choices", "answer", "source", "page", "pages", "span", "answerable"}
KNOWN |= {"kind", "part", "context"}


def read(found: Contents) -> Iterator[Question]:
    for number, record in enumerate(found.records(), start=1):
        yield question_of(record, f"{found.path}, record {number}", f"q{number}")


def written(questions: Iterable[Question]) -> str:
    """The lines of a file that `read` gives back as the same questions."""
    return "".join(f"{json.dumps(record_of(question), ensure_ascii=False)}\n" for question in questions)


def record_of(question: Question) -> dict[str, Any]:
    """The JSON object of a question, without what is not set."""
    fields: dict[str, Any] = {
        "answers": list(question.answers),
        "choices": list(question.choices),
        "answer": question.answer,
        "source": question.source,
        "pages": list(question.pages),
        "span": list(question.span) if question.span else None,
        "kind": question.kind,
        "context": question.context,
    }
    record = {"id": question.id, "question": question.question}
    record |= {name: value for name, value in fields.items() if value}
    return record | {"answerable": question.answerable, "part": question.part}


def question_of(record: dict[str, Any], where: str, fallback_id: str) -> Question:
    """Raises `UsageError`, naming the place, for a record that makes no question."""
    unknown = record.keys() - KNOWN
    if unknown:
        raise UsageError(f"{where}: unknown {', '.join(sorted(unknown))}.", f"Fields are {', '.join(sorted(KNOWN))}.")
    text = record.get("question")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{where}: no question.", 'Give it as "question": "…".')
    choices = _texts(record, "choices", where)
    answers = _texts(record, "answers", where)
    if not choices and isinstance(record.get("answer"), str) and record["answer"]:
        answers = (*answers, record["answer"])
    return Question(
        id=str(record.get("id") or fallback_id),
        question=text.strip(),
        answers=answers,
        choices=choices,
        answer=letter_of(record.get("answer"), choices, where) if choices else "",
        source=str(record.get("source") or ""),
        pages=_pages(record, where),
        span=_span(record.get("span"), where),
        answerable=_flag(record.get("answerable", True), where),
        kind=str(record.get("kind") or ""),
        part="train" if record.get("part") == "train" else "test",
        context=str(record.get("context") or ""),
    )


def letter_of(answer: Any, choices: tuple[str, ...], where: str) -> str:
    """The right choice's letter, from that letter, its number counted from 0, or its text. Raises `UsageError`."""
    letters = LETTERS[: len(choices)]
    if type(answer) is int and 0 <= answer < len(choices):
        return letters[answer]
    if isinstance(answer, str):
        if answer in choices:
            return letters[choices.index(answer)]
        bare = answer.strip().strip("().:").upper()
        if len(bare) == 1 and bare in letters:
            return bare
    raise UsageError(f"{where}: the answer {answer!r} is none of {len(choices)} choices.", "Give its letter or text.")


def _texts(record: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    values = record.get(name) or []
    values = [values] if isinstance(values, str) else values
    if not isinstance(values, list) or not all(isinstance(value, str | int | float) for value in values):
        raise UsageError(f"{where}: {name} is {values!r}.", "Give a list of texts.")
    return tuple(str(value) for value in values)


def _pages(record: dict[str, Any], where: str) -> tuple[int, ...]:
    value = record.get("pages", record.get("page"))
    value = [] if value is None else value
    pages = value if isinstance(value, list) else [value]
    if not all(type(page) is int and page > 0 for page in pages):
        raise UsageError(f"{where}: page {value!r}.", "Pages are whole numbers from 1.")
    return tuple(pages)


def _span(value: Any, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 2 and all(type(end) is int for end in value):
        start, end = value
        if 0 <= start < end:
            return start, end
    raise UsageError(f"{where}: span {value!r}.", "Give [start, end] in characters of the document's text.")


def _flag(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError(f"{where}: answerable is {value!r}.", "Give true or false.")
