"""One sentence: which arm pays?

The rules. Arms stand in the order of what they cost, cheapest first; nearly equal prices decide nothing, and leave them
as they were named. The first is what one has. Each further arm is held beside the best one so far: significantly better
over all pairs (Holm, 5 %), it pays and takes its place; significantly worse, it costs; otherwise it adds nothing that
so many questions could show, and the sentence says what they could.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.statistics.comparing import Comparison
from eval.statistics.intervals import Interval

SAME_PRICE = 0.05  # two closed-book arms differ by the length of their answers, which is no reason to prefer one

Finding = Literal["pays", "costs", "nothing shown"]


@dataclass(frozen=True)
class Step:
    """One arm beside the best of the cheaper ones; `comparison.arm` is the arm."""

    finding: Finding
    comparison: Comparison


@dataclass(frozen=True)
class Verdict:
    """`best`: the cheapest arm that no dearer one beats for certain."""

    best: str
    steps: tuple[Step, ...]
    sentence: str


def judge(arms: Sequence[str], comparisons: Sequence[Comparison]) -> Verdict:
    """`arms`: cheapest first; `comparisons`: every pair of them. Raises `ValueError` for fewer than two arms."""
    if len(arms) < 2:
        raise ValueError(f"A verdict needs two arms or more; there is {', '.join(arms) or 'none'}.")
    best = arms[0]
    steps = []
    for arm in arms[1:]:
        comparison = _between(arm, best, comparisons)
        finding = _finding(comparison)
        steps.append(Step(finding, comparison))
        best = arm if finding == "pays" else best
    return Verdict(best, tuple(steps), "; ".join(_words(step) for step in steps) + ".")


def cheapest_first(prices: Mapping[str, float]) -> list[str]:
    """The arms by price; those within `SAME_PRICE` of the cheapest among them stand in the order of `prices`."""
    groups: list[list[str]] = []
    for arm in sorted(prices, key=prices.__getitem__):
        if groups and prices[arm] <= prices[groups[-1][0]] * (1 + SAME_PRICE):
            groups[-1].append(arm)
        else:
            groups.append([arm])
    named = list(prices)
    return [arm for group in groups for arm in sorted(group, key=named.index)]


def _between(arm: str, baseline: str, comparisons: Sequence[Comparison]) -> Comparison:
    for comparison in comparisons:
        if (comparison.arm, comparison.baseline) == (arm, baseline):
            return comparison
        if (comparison.arm, comparison.baseline) == (baseline, arm):
            return _turned(comparison)
    raise ValueError(f"The arms {arm} and {baseline} were not compared.")


def _turned(comparison: Comparison) -> Comparison:
    low, high = comparison.interval
    return replace(
        comparison,
        arm=comparison.baseline,
        baseline=comparison.arm,
        difference=-comparison.difference,
        interval=Interval(-high, -low),
        wins=comparison.losses,
        losses=comparison.wins,
    )


def _finding(comparison: Comparison) -> Finding:
    if not comparison.significant:
        return "nothing shown"
    return "pays" if comparison.difference > 0 else "costs"


def _words(step: Step) -> str:
    found = step.comparison
    if step.finding == "nothing shown":
        return (
            f"{found.arm} adds nothing to {found.baseline} that {found.questions} questions could show "
            f"({points(found.difference)} points measured, smallest detectable {100 * found.detectable:.0f})"
        )
    low, high = found.interval
    return (
        f"{found.arm} {points(found.difference)} points over {found.baseline} "
        f"(95 % CI {_whole(low)}…{_whole(high)}, p {p_value(found.adjusted)})"
    )


def points(share: float) -> str:
    """A difference of shares as signed whole points: "+11", "−3", "±0"."""
    whole = round(100 * share)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "±0"


def _whole(share: float) -> str:
    whole = round(100 * share)
    return f"−{-whole}" if whole < 0 else str(whole)


def p_value(value: float) -> str:
    """As it is written after "p": "= .012", "< .001"."""
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".", 1)
