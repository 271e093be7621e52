"""Intervals of shares and of paired differences."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 9_999
SEED = 20_240_229  # the same data give the same interval


class Interval(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """The interval of a share, good for few trials and for shares near 0 and 1; (0, 1) without trials.

    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927) 209-212.
    """
    from scipy.special import ndtri

    if trials == 0:
        return Interval(0.0, 1.0)
    z = float(ndtri((1 + level) / 2))
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def upper_bound(failures: int, trials: int, level: float = LEVEL) -> float:
    """No more than this share fails, with the given confidence: the one-sided exact bound; 1 without trials.

    C. J. Clopper, E. S. Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26 (1934) 404-413.
    """
    from scipy.stats import beta

    return 1.0 if failures >= trials else float(beta.ppf(level, failures + 1, trials - failures))


def paired_shares(table: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """The interval of p(first right) − p(second right), from [[both, first only], [second only, neither]].

    R. G. Newcombe, Improved Confidence Intervals for the Difference between Binomial Proportions Based on Paired Data,
    Statistics in Medicine 17 (1998) 2635-2650, method 10. It stays honest where no question separates the arms, where
    a bootstrap gives an interval of no width.
    """
    (both, first_only), (second_only, neither) = table.tolist()
    questions = int(table.sum())
    first, second = (both + first_only) / questions, (both + second_only) / questions
    first_low, first_high = wilson(both + first_only, questions, level)
    second_low, second_high = wilson(both + second_only, questions, level)
    correlation = _correlation(both, first_only, second_only, neither)
    down = _joint(first - first_low, second_high - second, correlation)
    up = _joint(first_high - first, second - second_low, correlation)
    return Interval(first - second - down, first - second + up)


def _correlation(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Phi with the continuity correction of method 10."""
    product = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    if product == 0:
        return 0.0
    numerator = float(both * neither - first_only * second_only)
    if numerator > 0:
        numerator = max(numerator - (both + first_only + second_only + neither) / 2, 0.0)
    return numerator / math.sqrt(product)


def _joint(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))


def bootstrap_mean(sums: NDArray[np.float64], sizes: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The BCa bootstrap's interval of sum(sums) / sum(sizes), drawing whole clusters.

    `sums` are the differences of scores added up per cluster, `sizes` the questions of each, both of shape (clusters,).
    B. Efron, Better Bootstrap Confidence Intervals, JASA 82 (1987) 171-185. Where every cluster has the same mean, no
    resampling can show a spread, and the interval is what `unseen` allows for scores between 0 and 1.
    """
    from scipy.stats import bootstrap

    means = sums / sizes
    if np.ptp(means) < 1e-12:
        return _without_spread(float(means[0]), len(means), level)
    with warnings.catch_warnings():  # it warns where it gives no number, which is handled below
        warnings.simplefilter("ignore")
        found = bootstrap(
            (sums, sizes),
            lambda sums, sizes, axis: sums.sum(axis) / sizes.sum(axis),
            paired=True,
            vectorized=True,
            confidence_level=level,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(SEED),
            method="BCa",
        )
    low, high = (float(end) for end in found.confidence_interval)
    if math.isnan(low) or math.isnan(high):  # no acceleration can be had from so few clusters
        low, high = (
            float(end) for end in np.quantile(found.bootstrap_distribution, [(1 - level) / 2, (1 + level) / 2])
        )
    return Interval(low, high)


def _without_spread(mean: float, clusters: int, level: float) -> Interval:
    """So many clusters need not show a share `unseen` of others, which may differ by all that scores can."""
    unseen = upper_bound(0, clusters, (1 + level) / 2)
    return Interval(mean - unseen * (1 + mean), mean + unseen * (1 - mean))
