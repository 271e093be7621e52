"""Answers that a person judged, as questions of an evaluation: what was called good stays right when things change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

from eval.samples import Question

if TYPE_CHECKING:
    from assistant.answers import Citation
    from assistant.history import Run


def judged_questions(runs: Iterable[Run]) -> list[Question]:
    """A question for each question that was judged; its `kind` is the verdict.

    Where several answers to one were judged, a good one tells what is right whatever the others were worth; of equals
    the last one counts.

    The gold of a good answer is where it was found: its document, and the pages of its citations there, or the span
    where the document has no pages; its wording is one of many and no gold. A good refusal makes an unanswerable
    question. Of the other verdicts what is right is known only from the person's reason, which becomes the expected
    answer, to be looked at before it is used; where the citation alone was wrong, the answer's text does.
    `can_be_judged` tells which of them say what is right.
    """
    found: dict[str, Question] = {}
    for question in filter(None, map(_question, runs)):
        known = found.get(_key(question))
        if known is None or known.kind != "good" or question.kind == "good":
            found[_key(question)] = question
    return list(found.values())


def can_be_judged(question: Question) -> bool:
    """Whether the question says what is right: a place, an answer, or that there is none."""
    return bool(question.answers or question.source) or not question.answerable


def _key(question: Question) -> str:
    return " ".join(question.question.casefold().split())


def _question(run: Run) -> Question | None:
    if not run.verdict:
        return None
    asked = run.answer.searched_for or run.answer.question
    if run.verdict == "good":
        return _good(run, asked)
    right = run.reason or (run.answer.text if run.verdict == "citation" else "")
    return Question(run.id, asked, answers=(right,) if right else (), kind=run.verdict)


def _good(run: Run, asked: str) -> Question:
    if run.answer.abstained:
        return Question(run.id, asked, answerable=False, kind="good")
    cited = [each for sentence in run.answer.sentences for each in sentence.citations if each.verified]
    if not cited:
        return Question(run.id, asked, kind="good")
    here = [each for each in cited if each.source == cited[0].source]
    return Question(
        id=run.id,
        question=asked,
        source=PurePath(cited[0].source).name,
        pages=_pages(here),
        span=(min(each.start for each in here), max(each.end for each in here)),
        kind="good",
    )


def _pages(cited: list[Citation]) -> tuple[int, ...]:
    """None for documents without pages, whose citations all stand on the first and carry no label."""
    if all(each.page == 1 and not each.label for each in cited):
        return ()
    return tuple(sorted({each.page for each in cited}))
