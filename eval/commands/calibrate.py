"""`python -m eval calibrate`: what a confidence is worth on a person's own questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.commands.options import LLM_HELP, ModelOptions
from ingest.console import emit_json, json_option, knowledge_base_option, say

if TYPE_CHECKING:
    from assistant.calibration import Calibration
    from eval.calibration.thresholds import Given
    from eval.evaluation import Evaluation

EXAMPLES = """\b
Examples:
  python -m eval calibrate --questions set.jsonl --kb contracts --html calibration.html
  assistant ask "What is the notice period?" --kb contracts --max-risk 0.05

\b
The set needs questions that the documents answer and questions that they do not. To show a risk of 5 % takes some 60
given answers without a mistake in the half that is held out; 10 % takes 30.
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog=EXAMPLES)
@knowledge_base_option
@click.option("--questions", required=True, type=FILE, help="Answerable and unanswerable ones, as for `run`.")
@click.option(
    "--risk", "risks", type=click.FloatRange(0, 1, min_open=True), multiple=True, help="A further risk; repeatable."
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it, on one self-contained page."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Keep the run here, for `report`.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Questions asked at once.")
@click.option("--llm", metavar="SPEC", envvar="KESTREL_LLM", default="extractive", show_default=True, help=LLM_HELP)
@click.option("--profile", metavar="NAME", envvar="KESTREL_PROFILE", help="The served model, as of `assistant models`.")
@click.option("--tokenizer", type=FILE, envvar="KESTREL_TOKENIZER", help="The served model's tokenizer.json.")
@json_option
def calibrate(
    kb: Path, questions: Path, risks: tuple[float, ...], html: Path | None, as_json: bool, **options: Any
) -> int:
    """Fit the confidence of answers to your own questions, and write what `assistant ask --max-risk` reads."""
    from assistant.calibration import save_calibration

    found = _asked(kb, questions, options)
    calibration = _calibrated(found, kb, risks)
    path = save_calibration(kb, calibration)
    if html:
        _draw(calibration, found, html)
    if as_json:
        curve = [[point.confidence, point.coverage, point.risk] for point in _curve(found)]
        emit_json({**calibration.as_json(), "risk_coverage": curve, "file": str(path)})
        return 0
    click.echo(_told(calibration))
    say(f"Written to {path}{f', drawn in {html}' if html else ''}.")
    return 0


def _asked(kb: Path, questions: Path, options: dict[str, Any]) -> Evaluation:
    from contextlib import nullcontext
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from eval.evaluation import Plan, evaluate
    from eval.question_sets import load
    from eval.showing import progress
    from eval.variants import parse_arms
    from eval.variants.setup import Setup

    known = load(questions)
    every = replace(known, questions=tuple(replace(each, part="test") for each in known.questions))
    model = ModelOptions(options["llm"], options["profile"], options["tokenizer"]).open()
    arms = parse_arms("extractive" if isinstance(model, str) else "rag")
    with nullcontext(options["out"]) if options["out"] else TemporaryDirectory() as folder, progress() as watch:
        return evaluate(Plan(Setup(kb, model), arms, every, folder, workers=options["workers"]), watch)


def _calibrated(found: Evaluation, kb: Path, risks: tuple[float, ...]) -> Calibration:
    from assistant.calibration import Calibration
    from eval.calibration.thresholds import RISKS, curve_of, halves, limit_for
    from ingest.knowledge_base import KnowledgeBase

    given = _given(found)
    choosing, held_out = halves(given)
    limits = tuple(limit_for(risk, choosing, held_out) for risk in sorted({*RISKS, *risks}))
    (arm,) = found.arms
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        model = knowledge.store.model()
        embedder = model.fingerprint if model else ""
    answerer = "extractive" if arm.startswith("extractive") else next(r.model for r in found.replies[arm] if r.model)
    return Calibration(answerer, embedder, len(given), found.questions_sha256, curve_of(choosing), limits)


def _given(found: Evaluation) -> list[Given]:
    """Replies without errors: an outage says nothing about a confidence."""
    from eval.calibration.thresholds import Given

    (arm,) = found.arms
    rows = zip(found.replies[arm], found.marks[arm], strict=True)
    return [
        Given(reply.question, not reply.abstained, reply.confidence, mark.outcome == "right")
        for reply, mark in rows
        if not reply.error
    ]


def _draw(calibration: Calibration, found: Evaluation, html: Path) -> None:
    from eval.calibration.thresholds import halves
    from eval.reporting.calibration_page import calibration_page

    _, held_out = halves(_given(found))
    drawn = calibration_page(calibration, held_out, _curve(found))
    html.write_text(drawn, encoding="utf-8", newline="\n")


def _curve(found: Evaluation) -> list[Any]:
    from eval.reporting.curves import risk_coverage

    return risk_coverage(found, found.arms[0])


def _told(calibration: Calibration) -> str:
    lines = [f"{calibration.questions} questions, one half to choose thresholds, the other to test them:"]
    for limit in calibration.limits:
        if limit.threshold is None:
            lines.append(f"  risk {limit.risk:>4.0%}: not shown by so many questions; no answer is given")
        else:
            lines.append(
                f"  risk {limit.risk:>4.0%}: confidence from {limit.threshold:.2f}, {limit.coverage:.0%} answered, "
                f"at most {limit.bound:.1%} of them wrong (95 %, n = {limit.answered})"
            )
    return "\n".join(lines)
