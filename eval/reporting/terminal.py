"""The report as text: a table of arms, the pairs, and the sentence."""

from __future__ import annotations

from collections.abc import Sequence

from eval.evaluation import Evaluation
from eval.reporting.arms import ArmFigures, figures
from eval.reporting.curves import Sweep, sweeps
from eval.scoring.marking import WEIGHED
from eval.statistics.comparing import Comparison
from eval.statistics.verdict import points

APART = ("abstained", "unparsed", "truncated", "error")


def shown(found: Evaluation) -> str:
    """Lines that fit a terminal of 100 columns with arms of usual names."""
    arms = [figures(found, arm) for arm in found.arms]
    parts = [f"{len(found.questions)} questions, judged by: {found.metric}", "", *_arms(arms), *_choices(arms)]
    if found.comparisons:
        parts += ["", *_pairs(found.comparisons)]
    for sweep in sweeps(found):
        parts += ["", *_sweep(sweep), f"Knee of {sweep.name}: {sweep.knee} (no dearer one is better for certain)."]
    if found.verdict:
        parts += ["", f"Verdict: {found.verdict.sentence}"]
    return "\n".join(parts)


def _arms(arms: Sequence[ArmFigures]) -> list[str]:
    apart = [name for name in APART if any(arm.outcomes.get(name) for arm in arms)]
    heading = ["arm", "score", "95 %", *apart, "tokens", "s"]
    rows = [
        [
            arm.arm,
            f"{100 * arm.score:.1f}" if arm.questions else "–",
            f"{100 * arm.interval.low:.0f}…{100 * arm.interval.high:.0f}",
            *(str(arm.outcomes.get(name, 0)) for name in apart),
            f"{arm.measures.get('tokens', 0):,.0f}",
            f"{arm.measures.get('seconds', 0):.2f}",
        ]
        for arm in arms
    ]
    return aligned([heading, *rows])


def _sweep(sweep: Sweep) -> list[str]:
    """What was spent against what it brought, cheapest first, the knee marked."""
    rows = [
        [
            "knee →" if point.arm == sweep.knee else "",
            f"{point.spent:,.0f}",
            f"{100 * point.score:.1f}",
            f"{100 * point.interval.low:.0f}…{100 * point.interval.high:.0f}",
        ]
        for point in sweep.points
    ]
    return aligned([[sweep.name, f"{sweep.unit} a question", "score", "95 %"], *rows])


def _choices(arms: Sequence[ArmFigures]) -> list[str]:
    """The letter that was written beside the choice that was held likeliest, where that was asked for."""
    names = ["letter", *WEIGHED]
    rows = [
        [arm.arm, *(f"{100 * arm.measures[name]:.1f}" if name in arm.measures else "–" for name in names)]
        for arm in arms
    ]
    reasons = [f"{arm.arm}: no likelihoods. {arm.unweighed}" for arm in arms if arm.unweighed]
    if not reasons and not any(name in arm.measures for arm in arms for name in WEIGHED):
        return []
    heading = ["right choice by", *(name.replace("_", " ") for name in names)]
    return ["", *aligned([heading, *rows]), *reasons]


def _pairs(comparisons: Sequence[Comparison]) -> list[str]:
    heading = ["pair", "points", "95 %", "p (Holm)", "won", "lost", "detectable", "needed"]
    rows = [
        [
            f"{each.arm} − {each.baseline}",
            points(each.difference),
            f"{100 * each.interval.low:.0f}…{100 * each.interval.high:.0f}",
            f"{each.adjusted:.3f}{' *' if each.significant else ''}",
            str(each.wins),
            str(each.losses),
            f"{100 * each.detectable:.0f}",
            f"{each.needed:,}" if each.needed else "–",
        ]
        for each in comparisons
    ]
    return aligned([heading, *rows])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns under one another: the first to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
