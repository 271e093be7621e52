"""The file in which a person corrects a set: a table that any spreadsheet opens, and that is a question set itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from eval.samples import Question

COLUMNS = ("keep", "id", "question", "answers", "answerable", "evidence", "source", "pages", "span", "kind", "part")
EVIDENCE = 400  # characters


def review_table(questions: Sequence[Question], texts: Mapping[str, str]) -> str:
    """CSV. "no" under `keep` strikes a question out; the rest may be edited freely. `texts` are documents by name."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for question in questions:
        writer.writerow(
            {
                "keep": "yes",
                "id": question.id,
                "question": question.question,
                "answers": "|".join(question.answers),
                "answerable": "yes" if question.answerable else "no",
                "evidence": _evidence(question, texts),
                "source": question.source,
                "pages": "|".join(map(str, question.pages)),
                "span": f"{question.span[0]}-{question.span[1]}" if question.span else "",
                "kind": question.kind,
                "part": question.part,
            }
        )
    return table.getvalue()


def _evidence(question: Question, texts: Mapping[str, str]) -> str:
    if not question.span or question.source not in texts:
        return ""
    start, end = question.span
    return " ".join(texts[question.source][start : min(end, start + EVIDENCE)].split())
