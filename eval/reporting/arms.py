"""One arm in figures: its score with an interval, the kinds of its replies, and the means of its measures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from eval.evaluation import Evaluation
from eval.samples import Mark, Question, Reply
from eval.scoring.retrieval import abstention
from eval.statistics.intervals import Interval, bootstrap_mean, wilson


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """`score` is the mean over the questions without an error; `outcomes` counts every reply once.

    `abstention` is precision and recall of saying that the documents do not hold the answer; None where the set has no
    unanswerable questions. `unweighed` says why there are no likelihoods of choices although they were asked for.
    """

    arm: str
    score: float
    interval: Interval
    questions: int
    outcomes: dict[str, int]
    measures: dict[str, float]
    abstention: tuple[float, float] | None
    unweighed: str = ""


def figures(found: Evaluation, arm: str) -> ArmFigures:
    marks, replies = found.marks[arm], found.replies[arm]
    sound = [mark.score for mark in marks if mark.outcome != "error"]
    return ArmFigures(
        arm,
        fmean(sound) if sound else math.nan,
        interval_of(sound),
        len(sound),
        dict(Counter(mark.outcome for mark in marks)),
        means(marks),
        _abstention(found.questions, replies),
        next((reply.unweighed for reply in replies if reply.unweighed), ""),
    )


def interval_of(scores: Sequence[float]) -> Interval:
    """At 95 %: Wilson's for right and wrong, the BCa bootstrap's for graded scores."""
    if all(score in (0.0, 1.0) for score in scores):
        return wilson(sum(score == 1.0 for score in scores), len(scores))
    return bootstrap_mean(np.asarray(scores), np.ones(len(scores)))


def means(marks: Sequence[Mark]) -> dict[str, float]:
    """Of each measure, over the replies that have it."""
    names = dict.fromkeys(name for mark in marks for name in mark.measures)
    return {name: fmean(mark.measures[name] for mark in marks if name in mark.measures) for name in names}


def _abstention(questions: Sequence[Question], replies: Sequence[Reply]) -> tuple[float, float] | None:
    sound = [(question, reply) for question, reply in zip(questions, replies, strict=True) if not reply.error]
    if all(question.answerable for question, _ in sound):
        return None
    return abstention([question.answerable for question, _ in sound], [reply.abstained for _, reply in sound])
