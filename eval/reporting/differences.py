"""Two arms question by question, as text and as JSON."""

from __future__ import annotations

from typing import Any

from eval.evaluation import Evaluation
from eval.reporting.breakdown import Difference, Pair


def differences(found: Evaluation, told: Pair) -> dict[str, Any]:
    """The JSON object of `python -m eval compare`."""
    (comparison,) = found.comparisons
    return {
        "first": told.first,
        "second": told.second,
        "same": told.same,
        "first_won": [_record(each) for each in told.first_won],
        "second_won": [_record(each) for each in told.second_won],
        "difference": comparison.difference,
        "interval": list(comparison.interval),
        "p_value": comparison.p_value,
        "detectable": comparison.detectable,
        "verdict": found.verdict.sentence if found.verdict else "",
    }


def shown_pair(found: Evaluation, told: Pair, most: int) -> str:
    """At most so many questions of each side, both answers below one another."""
    won = (told.first, told.first_won), (told.second, told.second_won)
    parts = [
        f"{told.same} the same, {sum(len(each) for _, each in won)} different: "
        + ", ".join(f"{len(each)} won by {name}" for name, each in won)
    ]
    for name, each in won:
        for difference in each[:most]:
            parts += ["", f"{name} won: {difference.question.question}", *_answers(difference)]
        if len(each) > most:
            parts += ["", f"… and {len(each) - most} more won by {name}."]
    if found.verdict:
        parts += ["", f"Verdict: {found.verdict.sentence}"]
    return "\n".join(parts)


def _answers(each: Difference) -> list[str]:
    gold = each.question.answer or " / ".join(each.question.answers) or "(not in the documents)"
    lines = [f"  right: {gold}"]
    for reply, mark in (each.first, each.second):
        lines.append(
            f"  {reply.arm} ({mark.outcome}, {mark.score:.2f}): {' '.join(reply.text.split()) or '(no answer)'}"
        )
    return lines


def _record(each: Difference) -> dict[str, Any]:
    return {
        "id": each.question.id,
        "question": each.question.question,
        "answers": list(each.question.answers) or ([each.question.answer] if each.question.answer else []),
        "replies": [
            {"arm": reply.arm, "text": reply.text, "score": mark.score, "outcome": mark.outcome}
            for reply, mark in (each.first, each.second)
        ],
    }
