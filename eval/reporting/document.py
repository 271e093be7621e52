"""The report as one JSON object: what `--json` prints and the gate keeps as its baseline."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from eval.evaluation import Evaluation
from eval.reporting.arms import figures
from eval.reporting.breakdown import by_kind, by_source
from eval.reporting.curves import risk_coverage, sweeps
from eval.statistics.comparing import Comparison


def report_of(found: Evaluation) -> dict[str, Any]:
    """Shares are from 0 to 1; numbers that cannot be had are null. `scores` hold one for each question, by its id."""
    return {
        "metric": found.metric,
        "questions": len(found.questions),
        "questions_sha256": found.questions_sha256,
        "arms": [_plain({**asdict(each), "interval": list(each.interval)}) for each in map_figures(found)],
        "pairs": [_comparison(each) for each in found.comparisons],
        "verdict": found.verdict.sentence if found.verdict else "",
        "best": found.verdict.best if found.verdict else found.arms[0],
        "sources": _table(by_source(found)),
        "kinds": _table(by_kind(found)),
        "sweeps": [_plain(asdict(sweep)) for sweep in sweeps(found)],
        "risk_coverage": {arm: [asdict(point) for point in risk_coverage(found, arm)] for arm in found.arms},
        "scores": {
            arm: {mark.question: mark.score for mark in marks if mark.outcome != "error"}
            for arm, marks in found.marks.items()
        },
    }


def map_figures(found: Evaluation) -> list[Any]:
    return [figures(found, arm) for arm in found.arms]


def _comparison(each: Comparison) -> dict[str, Any]:
    return {**_plain(asdict(each)), "interval": list(each.interval), "significant": each.significant}


def _table(groups: dict[str, dict[str, tuple[float, int]]]) -> dict[str, Any]:
    return {name: {arm: {"score": score, "n": n} for arm, (score, n) in arms.items()} for name, arms in groups.items()}


def _plain(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
