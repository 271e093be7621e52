"""Answers that a person judged, as questions of an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from eval.samples import Question

if TYPE_CHECKING:
    from assistant.history import Run


def questions_of(runs: Iterable[Run]) -> Iterator[Question]:
    """One question for each judged answer; its `kind` is the verdict.

    A good answer is right where its first located citation stands; a good refusal makes an unanswerable question. Of
    the others what is right is known only from the person's reason, which becomes the expected answer: a draft, to be
    looked at before it is used. Where there is no reason the question has no answer yet, and nothing can judge it.
    """
    for run in runs:
        answer = run.answer
        if run.verdict == "good" and answer.abstained:
            yield Question(run.id, answer.question, answerable=False, kind="good")
        elif run.verdict == "good":
            yield _good(run)
        elif run.verdict:
            right = run.reason or (answer.text if run.verdict == "citation" else "")
            yield Question(run.id, answer.question, answers=(right,) if right else (), kind=run.verdict)


def _good(run: Run) -> Question:
    cited = [each for sentence in run.answer.sentences for each in sentence.citations if each.verified]
    source = PurePath(cited[0].source).name if cited else ""
    span = (cited[0].start, cited[0].end) if cited else None
    answers = (run.answer.text,) if run.answer.text else ()
    return Question(run.id, run.answer.question, answers=answers, source=source, span=span, kind="good")
