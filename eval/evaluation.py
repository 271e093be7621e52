"""The whole of it as a library: run arms over questions, mark what they said, compare, and say which pays.

from eval.evaluation import Plan, evaluate

found = evaluate(Plan(Setup(Path("kb")), parse_arms("extractive:k=5,extractive:k=20"), load("set.jsonl"), "run"))
print(found.verdict.sentence)
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.running import WORKERS, Watch, open_variants, run
from eval.runs.folder import RunFolder
from eval.samples import Mark, Question, QuestionSet, Reply
from eval.scoring.marking import METRICS, WEIGHED, mark, metric_for
from eval.statistics.comparing import Comparison, compare_arms
from eval.statistics.verdict import Verdict, cheapest_first, judge
from eval.variants.setup import Arm, Setup
from ingest.errors import UsageError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run. Only the questions of the test part are asked; the others are examples. `metric` None: the one
    that fits the set (`eval.scoring.marking.metric_for`). `folder` keeps the replies, and goes on where it was.
    """

    setup: Setup
    arms: tuple[Arm, ...]
    questions: QuestionSet
    folder: str | Path
    metric: str | None = None
    workers: int = WORKERS


@dataclass(frozen=True)
class Evaluation:
    """`replies` and `marks` of each arm stand beside `questions`. `comparisons` leave questions out on which either arm
    had an error; `verdict` is None for a single arm.
    """

    questions: tuple[Question, ...]
    metric: str
    replies: Mapping[str, tuple[Reply, ...]]
    marks: Mapping[str, tuple[Mark, ...]]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict | None
    questions_sha256: str = ""

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(self.replies)


def evaluate(plan: Plan, watch: Watch | None = None, stop: threading.Event | None = None) -> Evaluation:
    """Run what is not there yet, and evaluate the folder. `watch` is shown every step, `stop` ends it early.

    Raises `UsageError` when it was stopped before every arm had answered the same questions at all.
    """
    asked = plan.questions.part("test")
    folder = RunFolder(plan.folder)
    folder.keep(plan.questions)
    with open_variants(plan.arms, plan.setup) as opened:
        run(opened, asked, folder, workers=plan.workers, watch=watch, stop=stop)
    return evaluation_of(folder, plan.metric, [arm.name for arm in plan.arms])


def evaluation_of(folder: RunFolder, metric: str | None = None, arms: Sequence[str] | None = None) -> Evaluation:
    """What a folder holds, over the questions that every one of the arms has answered."""
    known = folder.questions()
    replies = folder.replies()
    names = tuple(arms or folder.arms())
    by_place = {(reply.arm, reply.question): reply for reply in replies}
    for name in names:
        if name not in folder.arms():
            raise UsageError(f"{folder.path} has no arm {name!r}.", f"It has: {', '.join(folder.arms()) or 'none'}.")
    asked = tuple(question for question in known.part("test") if all((name, question.id) in by_place for name in names))
    if not names or not asked:
        raise UsageError(f"In {folder.path} no question was answered by every arm.", "Let the run go on.")
    answered = {name: tuple(by_place[name, question.id] for question in asked) for name in names}
    return judged(asked, answered, metric, known.sha256)


def judged(
    questions: tuple[Question, ...], replies: Mapping[str, tuple[Reply, ...]], metric: str | None, sha256: str = ""
) -> Evaluation:
    """Marks, comparisons and verdict of replies that stand beside their questions."""
    if metric is not None and metric not in METRICS:
        raise UsageError(f"There is no metric {metric!r}.", f"Metrics: {', '.join(METRICS)}.")
    chosen = metric or metric_for(questions)
    if chosen in WEIGHED:
        _check_weighed(replies)
    marks = {
        name: tuple(mark(question, reply, chosen) for question, reply in zip(questions, row, strict=True))
        for name, row in replies.items()
    }
    comparisons = _compared(questions, marks)
    order = sorted(cheapest_first({name: _tokens(row) for name, row in marks.items()}), key=_is_control)
    verdict = judge(order, comparisons) if len(marks) > 1 and comparisons else None
    return Evaluation(questions, chosen, replies, marks, tuple(comparisons), verdict, sha256)


def _check_weighed(replies: Mapping[str, Sequence[Reply]]) -> None:
    for arm, row in replies.items():
        if not any(reply.likelihoods for reply in row):
            reason = next((reply.unweighed for reply in row if reply.unweighed), "It was run without --likelihoods.")
            raise UsageError(f"The arm {arm!r} has no likelihoods. {reason}", "Judge by choice, or leave the arm out.")


def _is_control(arm: str) -> bool:
    """The oracle is nobody's choice: it comes last, as what a perfect search would add to the best of the others."""
    return arm.partition(":")[0] == "oracle"


def _compared(questions: Sequence[Question], marks: Mapping[str, Sequence[Mark]]) -> list[Comparison]:
    """Over the questions on which no arm had an error: an outage says nothing about a method."""
    sound = [place for place in range(len(questions)) if all(row[place].outcome != "error" for row in marks.values())]
    if len(marks) < 2 or not sound:
        return []
    scores = {name: [row[place].score for place in sound] for name, row in marks.items()}
    sources = [questions[place].source or questions[place].id for place in sound]
    return compare_arms(scores, sources if any(question.source for question in questions) else None)


def _tokens(marks: Sequence[Mark]) -> float:
    """Mean tokens a question, of prompt and answer."""
    return sum(mark.measures.get("tokens", 0.0) for mark in marks) / len(marks)
