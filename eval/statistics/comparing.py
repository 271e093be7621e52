"""Every pair of arms over the questions that both answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from eval.statistics.intervals import Interval, bootstrap_mean, paired_shares
from eval.statistics.power import detectable_difference, questions_needed
from eval.statistics.significance import holm, mcnemar, paired_permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA = 0.05
# With fewer documents there are too few arrangements of signs for any p below .002, and the spread between documents
# cannot be told from so few. The comparison is then about these documents, and says so.
FEWEST_CLUSTERS = 10


@dataclass(frozen=True)
class Comparison:
    """`arm` beside `baseline`. Differences are of mean scores, arm less baseline, from -1 to 1."""

    arm: str
    baseline: str
    questions: int
    clusters: int  # documents that were drawn whole; 0 when questions were taken one by one
    difference: float
    interval: Interval  # 95 %
    p_value: float
    adjusted: float  # Holm's, over all pairs
    wins: int  # questions on which the arm scored higher
    losses: int
    detectable: float  # the smallest difference that so many questions would have shown, 4 times in 5
    needed: int | None  # questions that would show the measured difference; None when it is 0
    test: str

    @property
    def significant(self) -> bool:
        return self.adjusted < ALPHA


def compare_arms(scores: Mapping[str, Sequence[float]], documents: Sequence[str] | None = None) -> list[Comparison]:
    """All pairs, in the order of the arms, each later arm beside each earlier one.

    `scores`: of each arm one score from 0 to 1 a question, the same questions in the same order. `documents`: where
    each question's answer stands; with `FEWEST_CLUSTERS` of them or more, documents are drawn whole, because
    questions on one document are right or wrong together. Raises `ValueError` for arms of
    unlike length, or without questions.
    """
    lengths = {len(row) for row in scores.values()} | ({len(documents)} if documents is not None else set())
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"Every arm needs a score for every question; there are {sorted(lengths)} of them.")
    arrays = {name: np.asarray(row, dtype=np.float64) for name, row in scores.items()}
    pairs = list(combinations(arrays, 2))
    members = _clusters(documents)
    found = [
        _compare(baseline, arm, (arrays[arm], arrays[baseline]), members, ALPHA / len(pairs)) for baseline, arm in pairs
    ]
    adjusted = holm([comparison.p_value for comparison in found])
    return [replace(comparison, adjusted=p) for comparison, p in zip(found, adjusted, strict=True)]


def _clusters(documents: Sequence[str] | None) -> NDArray[np.int64] | None:
    """The number of each question's document, or None when questions stand alone."""
    if documents is None:
        return None
    names, members = np.unique(np.asarray(documents), return_inverse=True)
    return None if len(names) < FEWEST_CLUSTERS or len(names) == len(documents) else members.astype(np.int64)


def _compare(
    baseline: str,
    arm: str,
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    members: NDArray[np.int64] | None,
    alpha: float,
) -> Comparison:
    differences = scores[0] - scores[1]
    questions = len(differences)
    mean = float(differences.mean())
    moment = float((differences**2).mean())
    interval, p_value, test = _tested(scores, members)
    effective = questions / _design_effect(differences, members)
    return Comparison(
        arm,
        baseline,
        questions,
        0 if members is None else int(members.max()) + 1,
        mean,
        interval,
        p_value,
        p_value,
        int((differences > 0).sum()),
        int((differences < 0).sum()),
        detectable_difference(effective, moment, alpha),
        round(questions_needed(mean, moment, alpha) * questions / effective) if mean else None,
        test,
    )


def _tested(
    scores: tuple[NDArray[np.float64], NDArray[np.float64]], members: NDArray[np.int64] | None
) -> tuple[Interval, float, str]:
    first, second = scores
    differences = first - second
    if members is None and _right_or_wrong(first) and _right_or_wrong(second):
        table = np.array([[first @ second, first @ (1 - second)], [(1 - first) @ second, (1 - first) @ (1 - second)]])
        counts = np.rint(table).astype(np.int64)
        return paired_shares(counts), mcnemar(int(counts[0, 1]), int(counts[1, 0])), "McNemar, exact"
    if members is None:
        ones = np.ones_like(differences)
        return bootstrap_mean(differences, ones), paired_permutation(differences), "paired permutation"
    sums = np.bincount(members, differences).astype(np.float64)
    sizes = np.bincount(members).astype(np.float64)
    return bootstrap_mean(sums, sizes), paired_permutation(sums), "paired permutation of documents"


def _right_or_wrong(scores: NDArray[np.float64]) -> bool:
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _design_effect(differences: NDArray[np.float64], members: NDArray[np.int64] | None) -> float:
    """How many times the variance of the mean is larger for questions drawn by whole documents; at least 1.

    L. Kish, Survey Sampling (1965), §5.4.
    """
    spread = float(differences.var())
    if members is None or spread == 0:
        return 1.0
    sums = np.bincount(members, differences - differences.mean())
    clusters = len(sums)
    variance = float((sums**2).sum()) * clusters / (clusters - 1) / len(differences) ** 2
    return max(1.0, variance / (spread / len(differences)))
