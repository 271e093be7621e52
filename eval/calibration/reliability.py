"""How often answers of a confidence are right: what a reliability diagram shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from eval.calibration.thresholds import Given
from eval.statistics.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of neighbouring confidence: their mean confidence, and how many of them were right."""

    confidence: float
    right: int
    answers: int

    @property
    def share(self) -> float:
        return self.right / self.answers

    @property
    def interval(self) -> Interval:
        return wilson(self.right, self.answers)


def bins_of(replies: Sequence[Given], most: int = 8, least: int = 5) -> list[Bin]:
    """Up to `most` bins of as many answers each, at least `least` of them; refusals are left out.

    Equal counts instead of equal widths, so that none is a guess from two answers: Nixon et al. 2019,
    arXiv:1904.01685. Answers of one confidence are never parted.
    """
    given = sorted((each.confidence, each.right) for each in replies if each.answered)
    size = max(least, -(-len(given) // most))
    bins: list[list[tuple[float, bool]]] = []
    for each in given:
        if bins and (len(bins[-1]) < size or bins[-1][-1][0] == each[0]):
            bins[-1].append(each)
        else:
            bins.append([each])
    if len(bins) > 1 and len(bins[-1]) < least:
        bins[-2:] = [bins[-2] + bins[-1]]
    return [Bin(fmean(value for value, _ in row), sum(right for _, right in row), len(row)) for row in bins]
