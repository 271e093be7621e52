"""`python -m eval score`: outputs that were recorded elsewhere, scored here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest.console import emit_json, json_option, say

EXAMPLES = """\b
Examples:
  python -m eval score --task lines --cases 200_lines.jsonl.gz --outputs 200_response.txt
  python -m eval score --task squad --cases dev-v2.0.json --outputs predictions.json --json
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog=EXAMPLES)
@click.option("--task", required=True, metavar="NAME", help="exact, f1, contains, squad, choice, number, lines, …")
@click.option("--cases", required=True, type=FILE, help="The question set, in any form that Kestrel reads.")
@click.option("--outputs", required=True, type=FILE, help="What a model answered: by id, or in the questions' order.")
@click.option("--format", "kind", metavar="NAME", help="The form of the question set. Default: told from its content.")
@json_option
def score(task: str, cases: Path, outputs: Path, kind: str | None, as_json: bool) -> None:
    """Score recorded outputs. Unparsed and missing ones count as not right, and are shown by themselves."""
    from eval.tasks.recorded import score_files, summary

    found = summary(score_files(task, cases, outputs, kind))
    if as_json:
        emit_json(found)
        return
    click.echo(_line(found))
    for name, part in found["kinds"].items():
        click.echo(f"  {name or '(no kind)'}: {part['accuracy']:.3f} of {part['n']}")
    if found["missing"]:
        say(f"{found['missing']} questions have no output; they count as not right.")


def _line(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    measures = "".join(f", {name} {found[name]:.3f}" for name in ("exact", "f1") if name in found)
    return (
        f"{found['task']}: {found['accuracy']:.3f} ({found['correct']} of {found['n']} right, 95 % {low:.3f}…{high:.3f}"
        f"; {found['unparsed']} unparsed{measures})"
    )
