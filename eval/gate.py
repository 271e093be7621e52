"""Has it become worse? A run beside a stored report of an earlier one, by the same paired test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.evaluation import Evaluation
from eval.statistics.comparing import Comparison, compare_arms
from eval.statistics.verdict import points
from ingest.errors import UsageError


@dataclass(frozen=True, slots=True)
class Gate:
    """One arm now and then; `passed` unless it is worse by more than chance."""

    arm: str
    passed: bool
    comparison: Comparison

    @property
    def sentence(self) -> str:
        found = self.comparison
        told = "worse" if not self.passed else "not worse by more than chance"
        return (
            f"{self.arm}: {told} ({points(found.difference)} points over {found.questions} questions, "
            f"95 % {100 * found.interval.low:.0f}…{100 * found.interval.high:.0f}, p = {found.p_value:.3f}; "
            f"a fall of {100 * found.detectable:.0f} would have been seen)"
        )


def gate(found: Evaluation, baseline: str | Path) -> list[Gate]:
    """Every arm that both have, over the questions that both have. `baseline` is what `report --json` printed.

    Raises `UsageError` when there is no such arm, or another metric or another kind of file.
    """
    stored = _stored(Path(baseline))
    if stored["metric"] != found.metric:
        raise UsageError(
            f"{baseline} was judged by {stored['metric']!r}, this run by {found.metric!r}.",
            f"Judge both the same: --metric {stored['metric']}.",
        )
    arms = [arm for arm in found.arms if arm in stored["scores"]]
    if not arms:
        raise UsageError(f"{baseline} has none of the arms {', '.join(found.arms)}.", "Run the same arms again.")
    return [_gate(found, arm, stored["scores"][arm]) for arm in arms]


def _gate(found: Evaluation, arm: str, before: Mapping[str, float]) -> Gate:
    rows = [
        (before[mark.question], mark.score, question.source or question.id)
        for question, mark in zip(found.questions, found.marks[arm], strict=True)
        if mark.outcome != "error" and mark.question in before
    ]
    if not rows:
        raise UsageError(f"The baseline and this run of {arm} have no question in common.", "Use the same set.")
    then, now, sources = zip(*rows, strict=True)
    (comparison,) = compare_arms({"before": then, "now": now}, sources)
    return Gate(arm, not (comparison.significant and comparison.difference < 0), comparison)


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(stored["scores"], dict) and isinstance(stored["metric"], str):
            return dict(stored)
        raise TypeError("scores")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no stored report ({error}).", "Make one: python -m eval report RUN --json > baseline.json"
        ) from error
