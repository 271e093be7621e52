"""Two curves: the score against what is spent, with its knee, and the risk against the share that is answered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from eval.evaluation import Evaluation
from eval.reporting.arms import interval_of
from eval.statistics.intervals import Interval
from eval.variants.setup import Arm

SWEPT = ("budget", "k")


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """`spent` is the mean a question of the tokens, or of the passages where no model was asked and no budget set."""

    arm: str
    spent: float
    score: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Sweep:
    """Arms that differ in nothing but budget or k, cheapest first. `knee` is the cheapest than which none of the dearer
    ones is better for certain: more is spent for nothing that these questions show.
    """

    name: str
    unit: str  # "tokens" or "passages"
    points: tuple[SweepPoint, ...]
    knee: str


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Answering only from this confidence on: the share of questions answered, and the share of those not right."""

    coverage: float
    risk: float
    confidence: float


def sweeps(found: Evaluation) -> list[Sweep]:
    """Every group of three or more such arms."""
    answering = [name for name, marks in found.marks.items() if any(mark.outcome != "error" for mark in marks)]
    arms = sorted((Arm.parse(name) for name in answering), key=_base)
    groups = [(name, list(group)) for name, group in groupby(arms, key=_base)]
    return [_sweep(found, name, group) for name, group in groups if len(group) > 2]


def risk_coverage(found: Evaluation, arm: str) -> list[RiskPoint]:
    """One point for each distinct confidence, falling. Abstentions are not answered; a graded score counts in part."""
    rows = zip(found.replies[arm], found.marks[arm], strict=True)
    given = [(reply.confidence, mark.score) for reply, mark in rows if not reply.abstained and not reply.error]
    given.sort(key=lambda pair: -pair[0])
    points, lost = [], 0.0
    for place, (confidence, score) in enumerate(given, start=1):
        lost += 1 - score
        if place == len(given) or given[place][0] != confidence:
            points.append(RiskPoint(place / len(found.questions), lost / place, confidence))
    return points


def _base(arm: Arm) -> str:
    kept = [f"{name}={value}" for name, value in sorted(arm.settings.items()) if name not in SWEPT]
    return ":".join([arm.variant, *kept])


def _sweep(found: Evaluation, name: str, arms: list[Arm]) -> Sweep:
    in_tokens = any(reply.spent for arm in arms for reply in found.replies[arm.name])
    points = sorted((_point(found, arm, in_tokens) for arm in arms), key=lambda point: point.spent)
    better = {(each.arm, each.baseline) for each in found.comparisons if each.significant and each.difference > 0}
    better |= {(each.baseline, each.arm) for each in found.comparisons if each.significant and each.difference < 0}
    knee = next(
        point.arm
        for place, point in enumerate(points)
        if not any((dearer.arm, point.arm) in better for dearer in points[place + 1 :])
    )
    return Sweep(name, "tokens" if in_tokens else "passages", tuple(points), knee)


def _point(found: Evaluation, arm: Arm, in_tokens: bool) -> SweepPoint:
    replies, marks = found.replies[arm.name], found.marks[arm.name]
    tokens = [reply.spent for reply in replies]
    passages = [len(reply.passages) for reply in replies]
    scores = [mark.score for mark in marks if mark.outcome != "error"]
    return SweepPoint(arm.name, fmean(tokens if in_tokens else passages), fmean(scores), interval_of(scores))
