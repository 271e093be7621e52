"""The report as one HTML page that loads nothing: no script, no font, no picture from elsewhere.

Questions and answers come from documents and models, so every word of them is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import combinations
from pathlib import Path

from eval.evaluation import Evaluation
from eval.reporting.arms import ArmFigures, figures
from eval.reporting.breakdown import Difference, by_kind, by_source, pair
from eval.reporting.curves import risk_coverage, sweeps
from eval.reporting.plots import Line, Point, Row, curves, intervals
from eval.statistics.comparing import Comparison
from eval.statistics.verdict import p_value, points

STYLE = Path(__file__).with_name("page.css")
SHOWN = 50  # questions of a pair, on each side
LONGEST = 1500  # characters of an answer
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(found: Evaluation, note: str = "") -> str:
    """The whole page as text. A `note` of whoever made it stands below the sentence."""
    arms = [figures(found, arm) for arm in found.arms]
    sentence = found.verdict.sentence if found.verdict else "One arm alone: nothing to compare."
    body = [
        "<h1>Does it pay?</h1>",
        f'<p class="verdict">{escape(sentence)}</p>',
        *([f"<p><strong>{escape(note)}</strong></p>"] if note else []),
        f'<p class="note">{len(found.questions)} questions, judged by: {escape(found.metric)}. Intervals are 95 %. '
        f"Question set sha256 {escape(found.questions_sha256[:16])}.</p>",
        *_arms(arms),
        *_pairs(found),
        *_sweeps(found),
        *_risk(found),
        *_groups("Documents", by_source(found), found.arms),
        *_groups("Kinds of questions", by_kind(found), found.arms),
        *_differences(found),
    ]
    return document("Kestrel: does it pay?", body)


def document(title: str, body: Iterable[str]) -> str:
    """A page of these parts, which are HTML already, with the style and the policy of all our reports."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _arms(arms: Sequence[ArmFigures]) -> Iterator[str]:
    yield "<h2>Arms</h2>"
    drawn = [Row(arm.arm, arm.score, *arm.interval) for arm in arms if arm.questions]
    yield intervals(drawn, "Score of each arm, with 95 % intervals")
    kinds = [kind for kind in ("right", "wrong", "abstained", "unparsed", "truncated", "error") if _any(arms, kind)]
    measures = list(dict.fromkeys(name for arm in arms for name in arm.measures))
    rows = [
        [
            arm.arm,
            f"{100 * arm.score:.1f}" if arm.questions else "–",
            *(str(arm.outcomes.get(kind, 0)) for kind in kinds),
            *(_measure(arm.measures.get(name)) for name in measures),
        ]
        for arm in arms
    ]
    yield table(["arm", "score", *kinds, *measures], rows)
    for arm in arms:
        if arm.unweighed:
            yield f'<p class="note">{escape(arm.arm)}: no likelihoods of choices. {escape(arm.unweighed)}</p>'
    said = [(arm.arm, *arm.abstention) for arm in arms if arm.abstention]
    if said:
        yield '<p class="note">Saying that the documents do not hold the answer:</p>'
        cells = [[arm, _share(precision), _share(recall)] for arm, precision, recall in said]
        yield table(["arm", "precision", "recall"], cells)


def _pairs(found: Evaluation) -> Iterator[str]:
    """The matrix: the row's arm less the column's, in points, with Holm's p."""
    if not found.comparisons:
        return
    yield "<h2>Every pair</h2><p class='note'>Points by which the arm of the row is ahead of that of the column; "
    yield "bold where that is more than chance (p after Holm below .05).</p>"
    between = {(each.arm, each.baseline): each for each in found.comparisons}
    heading = "".join(f"<th>{escape(arm)}</th>" for arm in found.arms)
    rows = []
    for row in found.arms:
        cells = "".join(_cell(between.get((row, column)), between.get((column, row))) for column in found.arms)
        rows.append(f"<tr><td>{escape(row)}</td>{cells}</tr>")
    yield f'<div class="wide"><table><tr><th></th>{heading}</tr>{"".join(rows)}</table></div>'


def _cell(ahead: Comparison | None, behind: Comparison | None) -> str:
    each = ahead or behind
    if each is None:
        return "<td>·</td>"
    difference = each.difference if ahead else -each.difference
    look = "" if not each.significant else ' class="better"' if difference > 0 else ' class="worse"'
    told = f"{each.test}; {each.questions} questions; smallest detectable {100 * each.detectable:.0f} points"
    told += f"; {each.needed:,} questions would show the measured difference" if each.needed else ""
    return f'<td{look} title="{escape(told)}">{points(difference)}<br><small>p {p_value(each.adjusted)}</small></td>'


def _sweeps(found: Evaluation) -> Iterator[str]:
    for sweep in sweeps(found):
        yield f"<h2>What more {sweep.unit} bring: {escape(sweep.name)}</h2>"
        drawn = tuple(
            Point(point.spent, point.score, *point.interval, "knee" if point.arm == sweep.knee else "")
            for point in sweep.points
        )
        yield curves([Line(sweep.name, drawn)], "Score against what is spent", f"{sweep.unit} a question", "score")
        yield f'<p class="note">The knee is {escape(sweep.knee)}: no dearer arm is better for certain.</p>'


def _risk(found: Evaluation) -> Iterator[str]:
    lines = [
        Line(arm, tuple(Point(each.coverage, each.risk, each.risk, each.risk) for each in risk_coverage(found, arm)))
        for arm in found.arms
        if len({reply.confidence for reply in found.replies[arm]}) > 1
    ]
    if lines:
        yield "<h2>Risk against coverage</h2><p class='note'>Answering only from some confidence on: the share of "
        yield "questions that is answered, and how many of those answers are not right.</p>"
        yield curves(lines, "Risk against coverage", "coverage", "risk, per cent")


def _groups(title: str, groups: dict[str, dict[str, tuple[float, int]]], arms: Sequence[str]) -> Iterator[str]:
    if groups:
        yield f"<h2>{title}</h2>"
        rows = [
            [name or "(none)", str(next(iter(row.values()))[1]), *(_percent(row.get(arm)) for arm in arms)]
            for name, row in groups.items()
        ]
        yield table(["", "questions", *arms], rows)


def _differences(found: Evaluation) -> Iterator[str]:
    if len(found.arms) > 1:
        yield "<h2>Where two arms differ</h2>"
    for first, second in combinations(found.arms, 2):
        told = pair(found, first, second)
        ahead, behind = len(told.first_won), len(told.second_won)
        if not ahead + behind:
            yield f'<p class="note">{escape(first)} and {escape(second)}: the same on all {told.same} questions.</p>'
            continue
        yield (
            f"<details><summary>{escape(first)} and {escape(second)}: {told.same} the same, {ahead + behind} different "
            f"({ahead} won by the first, {behind} by the second)</summary>"
        )
        for winner, won in ((first, told.first_won), (second, told.second_won)):
            for difference in won[:SHOWN]:
                yield _difference(difference, (first, second), winner)
            if len(won) > SHOWN:
                yield f'<p class="note">{len(won) - SHOWN} more won by {escape(winner)}.</p>'
        yield "</details>"


def _difference(each: Difference, arms: tuple[str, str], winner: str) -> str:
    question = each.question
    gold = question.answer or " / ".join(question.answers) or "(not in the documents)"
    place = f" [{question.source} {', '.join(f'p. {page}' for page in question.pages)}]" if question.source else ""
    sides = "".join(
        f"<div><strong>{escape(arm)}</strong> ({mark.outcome}, {mark.score:.2f})<br>{escape(_said(reply.text))}</div>"
        for arm, (reply, mark) in zip(arms, (each.first, each.second), strict=True)
    )
    return (
        f"<details><summary>{escape(question.question[:200])} → {escape(winner)}</summary>"
        f'<p class="note">Right: {escape(gold[:LONGEST])}{escape(place)}</p><div class="sides">{sides}</div></details>'
    )


def _said(text: str) -> str:
    if not text:
        return "(no answer)"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in heading)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{lines}</table></div>'


def _any(arms: Sequence[ArmFigures], kind: str) -> bool:
    return any(arm.outcomes.get(kind) for arm in arms)


def _measure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _share(value: float) -> str:
    return "–" if value != value else f"{value:.2f}"  # NaN is the one number that differs from itself


def _percent(found: tuple[float, int] | None) -> str:
    return f"{100 * found[0]:.0f}" if found else ""
