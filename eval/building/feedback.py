"""Questions from the feedback that answers got: what a person called good is right, and stays so when things change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from assistant.answers import Citation
from assistant.history.runs import Run
from eval.samples import Question


def judged_questions(runs: Iterable[Run]) -> tuple[list[Question], int]:
    """A question for each good answer, and how many of the runs tell of nothing that is right.

    The gold of a good answer is where it was found: its document, and the pages of its citations there, or the span
    where the document has no pages. A good refusal makes an unanswerable question. A question that was asked twice is
    taken as it was last.
    """
    found: dict[str, Question] = {}
    left = 0
    for run in runs:
        question = _question(run) if run.verdict == "good" else None
        if question is None:
            left += 1
        else:
            found[" ".join(question.question.casefold().split())] = question
    return list(found.values()), left


def _question(run: Run) -> Question | None:
    asked = run.answer.searched_for or run.answer.question
    if run.answer.abstained:
        return Question(run.id, asked, answerable=False, kind="feedback")
    cited = [each for sentence in run.answer.sentences for each in sentence.citations if each.verified]
    if not cited:
        return None
    source = cited[0].source
    here = [each for each in cited if each.source == source]
    return Question(
        id=run.id,
        question=asked,
        source=PurePath(source).name,
        pages=_pages(here),
        span=(min(each.start for each in here), max(each.end for each in here)),
        kind="feedback",
    )


def _pages(cited: list[Citation]) -> tuple[int, ...]:
    """None for documents without pages, whose citations all stand on the first and carry no label."""
    if all(each.page == 1 and not each.label for each in cited):
        return ()
    return tuple(sorted({each.page for each in cited}))
