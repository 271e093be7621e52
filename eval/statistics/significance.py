"""Could so large a difference come from chance? Exact or resampled tests over questions that both arms answered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from eval.statistics.intervals import RESAMPLES, SEED

if TYPE_CHECKING:
    from numpy.typing import NDArray


@cache
def mcnemar(wins: int, losses: int) -> float:
    """The exact two-sided p of so uneven a split of the questions on which one arm is right and the other wrong.

    Q. McNemar, Note on the Sampling Error of the Difference between Correlated Proportions, Psychometrika 12 (1947)
    153-157, with the binomial distribution itself. 1 when no question separates the arms.
    """
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def paired_permutation(differences: NDArray[np.float64]) -> float:
    """The two-sided p of the sum of these paired differences when the sign of each is chance.

    Exact while 2^n arrangements are at most `RESAMPLES`, else from that many random ones, itself counted among them,
    so that p is never 0. `differences`: shape (n,), one for each question or, clustered, the sum of each document.
    R. A. Fisher, The Design of Experiments (1935), §21.
    """
    from scipy.stats import permutation_test

    moved = differences[differences != 0]
    if len(moved) < 2:
        return 1.0
    found = permutation_test(
        (moved,),
        lambda values, axis: values.sum(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values made larger so that the chance of any false finding among all of them stays below the level.

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
