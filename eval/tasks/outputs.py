"""Recorded outputs of models, in the forms in which they are published and in Kestrel's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.question_sets.files import Contents, contents
from eval.samples import Question
from ingest.errors import UsageError

_LONGEVAL = re.compile(r"Label: .*?, Predict: (?P<text>.*?)(?:, Parsed: \S*)?, prompt length: \d+")
_TOTAL = re.compile(r"Accuracy: [\d.]+\s*")  # the last line of a response file
_TEXT_FIELDS = ("text", "output", "prediction", "response", "completion", "answer")


@dataclass(frozen=True, slots=True)
class Outputs:
    """`by_id`, or `in_order` of the questions where the file names no ids."""

    by_id: Mapping[str, str]
    in_order: Sequence[str]
    sha256: str

    def beside(self, questions: Sequence[Question]) -> list[str | None]:
        """The output to each question, None where there is none. Raises `UsageError` when they cannot belong."""
        if self.by_id:
            found = [self.by_id.get(question.id) for question in questions]
            if not any(text is not None for text in found):
                raise UsageError(
                    f"None of the {len(self.by_id)} outputs has the id of a question.",
                    f"Ids of questions are like {questions[0].id!r}, of outputs like {next(iter(self.by_id))!r}.",
                )
            return found
        if len(self.in_order) != len(questions):
            raise UsageError(
                f"There are {len(self.in_order)} outputs and {len(questions)} questions.",
                "Outputs without ids must be as many as the questions, in their order.",
            )
        return list(self.in_order)


def read_outputs(path: str | Path) -> Outputs:
    """JSON {id: text}; JSONL with "id" and "text", or with "…_pred" as L-Eval writes it; LongEval's response files;
    else one output a line. Raises `UsageError`."""
    found = contents(Path(path))
    if _LONGEVAL.match(found.text):
        lines = [line for line in found.text.split("\n") if line.strip() and not _TOTAL.fullmatch(line)]
        return Outputs({}, [_longeval(line, found) for line in lines], found.sha256)
    if not found.text.lstrip().startswith(("{", "[")):
        return Outputs({}, found.text.removesuffix("\n").split("\n"), found.sha256)
    records = list(found.records())
    if len(records) == 1 and not _field(records[0]) and all(isinstance(value, str) for value in records[0].values()):
        return Outputs(records[0], (), found.sha256)
    return _of_records(records, found)


def _of_records(records: Sequence[dict[str, Any]], found: Contents) -> Outputs:
    if not any(records):
        raise UsageError(f"{found.path} holds no outputs.", "Give one record for each question.")
    name = _field(records[0])
    if not name:
        raise UsageError(
            f"{found.path}: no field of {', '.join(records[0])} holds an output.",
            f"Name it one of {', '.join(_TEXT_FIELDS)}.",
        )
    try:
        texts = [record[name] if isinstance(record[name], str) else json.dumps(record[name]) for record in records]
    except KeyError as error:
        raise UsageError(f"{found.path}: a record has no {name!r}.", "Every record needs its output.") from error
    if all("id" in record for record in records):
        return Outputs({str(record["id"]): text for record, text in zip(records, texts, strict=True)}, (), found.sha256)
    return Outputs({}, texts, found.sha256)


def _field(record: Mapping[str, Any]) -> str:
    published = [name for name in record if name.endswith("_pred")]
    return next(iter([*published, *(name for name in _TEXT_FIELDS if name in record)]), "")


def _longeval(line: str, found: Contents) -> str:
    matched = _LONGEVAL.fullmatch(line)
    if matched is None:
        raise UsageError(f"{found.path}: not a line of LongEval's: {line[:80]!r}.", "Is the file whole?")
    return matched["text"]
