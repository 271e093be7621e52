"""L-Eval's closed sets: a document with its instructions and right outputs a line.

C. An et al., L-Eval: Instituting Standardized Evaluation for Long Context Language Models, ACL 2024 (arXiv:2307.11088).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval.question_sets.files import Contents
from eval.samples import Question
from ingest.errors import UsageError

_OPTION = re.compile(r"\n\s*\(?([A-Z])[).]\s")
_LETTERS = re.compile(r"\(?\b([A-Z](?:\s*,?\s*[A-Z])*)\b\)?")


def read(found: Contents) -> Iterator[Question]:
    """The document is each question's `context`; questions with lettered options become choices."""
    for number, record in enumerate(found.records(), start=1):
        try:
            pairs = list(zip(record["instructions"], record["outputs"], strict=True))
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"{found.path}, record {number}: instructions and outputs do not match ({error}).",
                "L-Eval's records have one output for each instruction.",
            ) from error
        for place, (instruction, output) in enumerate(pairs, start=1):
            yield _question(f"{number}-{place}", str(instruction), str(output), record)


def _question(identity: str, instruction: str, output: str, record: dict[str, str]) -> Question:
    source, context = record.get("source", ""), record.get("input", "")
    stem, choices = _parts(instruction)
    letters = _LETTERS.match(output.strip())
    if len(choices) < 2 or not letters:
        return Question(identity, instruction.strip(), (output.strip(),), source=source, context=context)
    answer = "".join(re.findall("[A-Z]", letters[1]))
    if len(answer) > 1:  # several are right: judged as a text, letter by letter
        return Question(identity, instruction.strip(), (answer,), source=source, context=context)
    return Question(identity, stem, choices=choices, answer=answer, source=source, context=context)


def _parts(instruction: str) -> tuple[str, tuple[str, ...]]:
    """The question, and its options in the order of their letters."""
    marks = list(_OPTION.finditer(instruction))
    ends = [mark.start() for mark in marks[1:]] + [len(instruction)]
    options = tuple(instruction[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True))
    return (instruction[: marks[0].start()] if marks else instruction).strip(), options
