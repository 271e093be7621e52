"""What a calibration found, as one HTML page: how often each confidence is right, what each risk costs in answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from assistant.calibration import Calibration, Limit
from eval.calibration.reliability import bins_of
from eval.calibration.thresholds import Given
from eval.reporting.curves import RiskPoint
from eval.reporting.page import document, table
from eval.reporting.plots import Line, Point, curves

AS_IT_SAYS = Line("as the number says", (Point(0, 0, 0, 0), Point(1, 1, 1, 1)))


def calibration_page(calibration: Calibration, held_out: Sequence[Given], risks: Sequence[RiskPoint]) -> str:
    """`held_out`: the replies that chose nothing. `risks`: those of all replies."""
    body = [
        "<h1>What is a confidence worth?</h1>",
        f'<p class="note">{calibration.questions} questions, answered by {escape(calibration.model)}; one half chose, '
        f"the other tests. Question set sha256 {escape(calibration.sha256[:16])}.</p>",
        *_reliability(calibration, held_out),
        *_limits(calibration.limits),
        *_risk(risks),
    ]
    return document("Kestrel: what is a confidence worth?", body)


def _reliability(calibration: Calibration, held_out: Sequence[Given]) -> Iterator[str]:
    yield "<h2>How often an answer is right</h2>"
    if not calibration.curve:
        yield '<p class="note">No answer was given, so nothing can be drawn.</p>'
        return
    tested = tuple(Point(each.confidence, each.share, *each.interval) for each in bins_of(held_out))
    lines = [AS_IT_SAYS, Line("fitted", tuple(_steps(calibration.curve)))]
    lines += [Line("held-out answers", tested)] if tested else []
    yield curves(lines, "Share of right answers by confidence", "confidence", "right, per cent")
    yield '<p class="note">Points are groups of answers that chose nothing, with 95 % intervals. Where they keep to '
    yield "the fitted line, a calibrated confidence means what it says.</p>"


def _steps(curve: Sequence[tuple[float, float]]) -> Iterator[Point]:
    """A share holds from its confidence on to the next one's."""
    for (confidence, share), (following, _) in zip(curve, [*curve[1:], (1.0, 0.0)], strict=True):
        yield Point(confidence, share, share, share)
        yield Point(following, share, share, share)


def _limits(limits: Sequence[Limit]) -> Iterator[str]:
    yield "<h2>What each risk costs</h2>"
    rows = []
    for limit in limits:
        shown = limit.threshold is not None
        rows.append(
            [
                f"{100 * limit.risk:.0f} %",
                f"{limit.threshold:.2f}" if shown else "not shown",
                f"{100 * limit.coverage:.0f} %",
                f"{100 * limit.bound:.1f} %" if shown else "–",
                str(limit.answered) if shown else "–",
            ]
        )
    yield table(["wrong at most", "confidence from", "answered", "shown (95 %)", "n"], rows)


def _risk(risks: Sequence[RiskPoint]) -> Iterator[str]:
    if len(risks) > 1:
        drawn = tuple(Point(each.coverage, each.risk, each.risk, each.risk) for each in risks)
        yield "<h2>Risk against coverage</h2>"
        yield curves([Line("every answer", drawn)], "Risk against coverage", "coverage", "risk, per cent")
