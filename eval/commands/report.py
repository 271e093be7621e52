"""`python -m eval report`, `compare` and `gate`: what a kept run says, without asking anything again."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.console import emit_json, json_option, say

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
GATE_FAILED = 7

run_argument = click.argument("run", type=FOLDER)
metric_option = click.option("--metric", metavar="NAME", help="Judge by another metric than the one that fits the set.")


@click.command(
    epilog="\b\nExamples:\n  python -m eval report runs/a --html report.html\n"
    "  python -m eval report runs/a --json > baseline.json"
)
@run_argument
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write one self-contained page.")
@click.option("--note", metavar="TEXT", default="", help="A remark that the page shows below its sentence.")
@metric_option
@json_option
def report(run: Path, html: Path | None, note: str, metric: str | None, as_json: bool) -> None:
    """Arms with intervals, every pair, and the sentence that says which pays."""
    from eval.evaluation import evaluation_of
    from eval.reporting.document import report_of
    from eval.reporting.page import page
    from eval.reporting.terminal import shown
    from eval.runs.folder import RunFolder

    found = evaluation_of(RunFolder(run), metric)
    if html:
        html.write_text(page(found, note), encoding="utf-8", newline="\n")
        say(f"Wrote {html}.")
    if as_json:
        emit_json(report_of(found))
    else:
        click.echo(shown(found))


@click.command(epilog="\b\nExample:\n  python -m eval compare runs/a prompting rag:k=8")
@run_argument
@click.argument("first")
@click.argument("second")
@metric_option
@click.option("--show", type=click.IntRange(0), default=10, show_default=True, help="Differing questions to show.")
@json_option
def compare(run: Path, first: str, second: str, metric: str | None, show: int, as_json: bool) -> None:
    """Two arms of a run, question by question: the same, different, who won which, both answers."""
    from eval.evaluation import evaluation_of
    from eval.reporting.breakdown import pair
    from eval.reporting.differences import differences, shown_pair
    from eval.runs.folder import RunFolder
    from ingest.errors import UsageError

    found = evaluation_of(RunFolder(run), metric, [first, second])
    if not found.comparisons:
        raise UsageError(
            f"{first} and {second} have answered no question both, or are the same arm.",
            "Let the run go on, and name two of its arms.",
        )
    told = pair(found, first, second)
    if as_json:
        emit_json(differences(found, told))
    else:
        click.echo(shown_pair(found, told, show))


@click.command(epilog="\b\nExample:\n  python -m eval gate runs/today --baseline baseline.json")
@run_argument
@click.option("--baseline", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A stored report.")
@metric_option
@json_option
def gate(run: Path, baseline: Path, metric: str | None, as_json: bool) -> int:
    """Compare a run with a stored report. Exit code 7 when an arm has become worse by more than chance."""
    from eval.evaluation import evaluation_of
    from eval.gate import gate as gates
    from eval.runs.folder import RunFolder

    found = gates(evaluation_of(RunFolder(run), metric), baseline)
    passed = all(each.passed for each in found)
    if as_json:
        arms = [
            {
                "arm": each.arm,
                "passed": each.passed,
                "difference": each.comparison.difference,
                "p_value": each.comparison.p_value,
                "questions": each.comparison.questions,
            }
            for each in found
        ]
        emit_json({"passed": passed, "arms": arms})
    else:
        for each in found:
            click.echo(each.sentence)
    return 0 if passed else GATE_FAILED
