"""From which confidence on no more than so many answers are wrong, shown on questions that chose nothing.

One half of the questions chooses the thresholds that are worth trying, the other half tests them one after the other,
from the one that is most likely to hold to looser ones, and stops at the first that does not: fixed sequence testing,
under which the chance to accept a threshold that does not hold stays below 5 %, however many are tried. Angelopoulos et
al. 2021, Learn then Test, arXiv:2110.01052.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from assistant.calibration import Limit
from eval.statistics.intervals import upper_bound

RISKS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Given:
    """One question's reply: whether an answer was given at all, how confident it was, and whether it was right."""

    question: str
    answered: bool
    confidence: float
    right: bool


def halves(replies: Sequence[Given]) -> tuple[list[Given], list[Given]]:
    """Split by a hash of the question: the same halves in every run."""
    chosen = [hashlib.sha256(each.question.encode()).digest()[0] % 2 == 0 for each in replies]
    first = [each for each, one in zip(replies, chosen, strict=True) if one]
    return first, [each for each, one in zip(replies, chosen, strict=True) if not one]


def limit_for(risk: float, choosing: Sequence[Given], held_out: Sequence[Given]) -> Limit:
    """The loosest threshold that is shown to keep the risk; without one nothing is answered: a valid result."""
    best: Limit | None = None
    tested = _Counts(held_out)
    for threshold in _candidates(risk, _Counts(choosing)):
        answered, wrong = tested.at(threshold)
        bound = upper_bound(wrong, answered)
        if bound > risk:
            break
        best = Limit(risk, threshold, answered / len(held_out), bound, answered)
    return best or Limit(risk, None, 0.0, 1.0, 0)


class _Counts:
    """How many answers are given from a confidence on, and how many of them are wrong."""

    def __init__(self, replies: Sequence[Given]) -> None:
        given = sorted((-each.confidence, not each.right) for each in replies if each.answered)
        self._falling = [confidence for confidence, _ in given]  # negated, so that they rise
        self._wrong = [0, *accumulate(wrong for _, wrong in given)]
        self.thresholds = [-confidence for confidence in dict.fromkeys(self._falling)]  # strictest first

    def at(self, threshold: float) -> tuple[int, int]:
        answered = bisect_right(self._falling, -threshold)
        return answered, self._wrong[answered]


def _candidates(risk: float, counts: _Counts) -> list[float]:
    """From the one that is most surely within the risk on the choosing half to looser ones, while they may hold."""
    bounds = {}
    for threshold in counts.thresholds:
        answered, wrong = counts.at(threshold)
        bounds[threshold] = upper_bound(wrong, answered)
    if not bounds:
        return []
    first = min(bounds, key=lambda threshold: (bounds[threshold], threshold))
    looser = [threshold for threshold in counts.thresholds if threshold < first]
    return [first, *(each for each in looser if counts.at(each)[1] <= risk * counts.at(each)[0])]


def curve_of(replies: Sequence[Given]) -> tuple[tuple[float, float], ...]:
    """(confidence, share of right answers from there on), steps that never fall: isotonic regression.

    Best, Chakravarti 1990, doi:10.1007/BF01580873, as SciPy has it.
    """
    from scipy.optimize import isotonic_regression

    given = sorted((each.confidence, float(each.right)) for each in replies if each.answered)
    if not given:
        return ()
    fitted = isotonic_regression([right for _, right in given]).x
    steps: dict[float, float] = {}
    for (confidence, _), probability in zip(given, fitted, strict=True):
        if float(probability) not in steps.values():
            steps[confidence] = float(probability)
    return tuple(steps.items())
