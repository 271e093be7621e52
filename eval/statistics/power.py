"""What could these questions have shown, and how many more would show it?

For n paired differences of second moment ψ (of right and wrong answers: the share of questions on which the arms
differ), a mean of δ is found with the asked power when n = (z_α √ψ + z_β √(ψ − δ²))² / δ². R. J. Connor, Sample
Size for Testing Differences in Proportions for the Paired-Sample Design, Biometrics 43 (1987) 207-211.
"""

from __future__ import annotations

import math
from functools import cache

POWER = 0.8


def questions_needed(difference: float, second_moment: float, alpha: float, power: float = POWER) -> int:
    """How many questions show a difference of this size. Raises `ValueError` for 0, which none shows."""
    if difference == 0:
        raise ValueError("No number of questions shows a difference of 0.")
    alpha_z, power_z = _normal_quantiles(alpha, power)
    moment = max(second_moment, difference * difference)
    spread = alpha_z * math.sqrt(moment) + power_z * math.sqrt(moment - difference * difference)
    return max(math.ceil((spread / difference) ** 2), questions_to_reach(alpha))


def questions_to_reach(alpha: float) -> int:
    """Fewer separating questions than this cannot give a p below `alpha`, were they all on one side: 2 · ½ⁿ."""
    return math.ceil(1 + math.log2(1 / alpha))


def detectable_difference(questions: float, second_moment: float, alpha: float, power: float = POWER) -> float:
    """The smallest mean difference, from 0 to 1, that so many questions would have shown; 1 when not even that is.

    `questions` may be a fraction: with clusters it is their effective number. Where no question separated the arms,
    ψ is taken as 3 / n, which is as large as it may be (the rule of three).
    """
    if questions < questions_to_reach(alpha):
        return 1.0
    moment = second_moment if second_moment > 0 else min(1.0, 3 / questions)
    low, high = 0.0, 1.0
    for _ in range(50):  # halving: the number that is needed falls as the difference grows
        middle = (low + high) / 2
        if questions_needed(middle, moment, alpha, power) <= questions:
            high = middle
        else:
            low = middle
    return high


@cache
def _normal_quantiles(alpha: float, power: float) -> tuple[float, float]:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2)), float(ndtri(power))
