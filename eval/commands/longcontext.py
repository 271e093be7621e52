"""`python -m eval longcontext`: up to which length a served model finds what stands in its prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.command_options import LLM_HELP, ModelOptions
from ingest.console import emit_json, json_option, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assistant.answers import ModelProfile
    from eval.longcontext.cases import Case
    from eval.longcontext.measuring import Cell

EXAMPLES = """\b
Examples:
  python -m eval longcontext --llm tgi:http://localhost:8080 --lengths 2000,4000,8000,16000
  python -m eval longcontext --llm tgi:http://localhost:8080 --cases longeval/lines/*.jsonl --write falcon.toml
"""
GENERATED = ("passkey", "keyvalue", "needles")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _lengths(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in value.split(",") if part.strip()}))
    except ValueError as error:
        raise click.BadParameter("write numbers of tokens between commas: 2000,4000") from error


@click.command(epilog=EXAMPLES)
@click.option("--llm", required=True, metavar="SPEC", envvar="KESTREL_LLM", help=LLM_HELP)
@click.option("--profile", metavar="NAME", envvar="KESTREL_PROFILE", help="The served model, as of `assistant models`.")
@click.option("--tokenizer", type=FILE, envvar="KESTREL_TOKENIZER", help="The served model's tokenizer.json.")
@click.option("--any-model", is_flag=True, help="Do not ask whether the server serves the model of --profile.")
@click.option("--cases", type=FILE, multiple=True, help="LongEval's files of lines or topics; repeatable.")
@click.option("--task", "tasks", type=click.Choice(GENERATED), multiple=True, help="Made here. Default: passkey.")
@click.option("--lengths", callback=_lengths, default="1000,2000,4000,8000,16000", show_default=True, metavar="TOKENS")
@click.option("--each", type=click.IntRange(1), default=20, show_default=True, help="Cases of each length.")
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the profile with its usable length."
)
@json_option
def longcontext(
    cases: tuple[Path, ...], tasks: tuple[str, ...], lengths: tuple[int, ...], each: int, as_json: bool, **options: Any
) -> int:
    """Ask a model for what stands in prompts of growing length, and say how long they may be.

    `--mode auto` sends whole documents only up to the usable length of the profile that --write makes.
    """
    from eval.longcontext.figures import curve_of, figures_of
    from eval.longcontext.measuring import measure

    model = ModelOptions(
        options["llm"], options["profile"], options["tokenizer"], any_model=options["any_model"]
    ).open()
    if isinstance(model, str):
        raise click.UsageError("The extractive answerer has no window. Name a model server with --llm.")
    results = measure(_all(cases, tasks, lengths, each, model), model, lambda result: _say(result.tokens, result.right))
    curve = curve_of(model.profile.name, results)
    if options["write"]:
        _write(options["write"], model.profile, curve.usable)
    if as_json:
        emit_json(figures_of(curve))
        return 0
    click.echo(_told(curve.lengths, curve.depths, curve.usable))
    return 0


def _all(
    files: tuple[Path, ...], tasks: tuple[str, ...], lengths: tuple[int, ...], each: int, model: Any
) -> Iterator[tuple[str, Case]]:
    from eval.longcontext.measuring import from_questions, generated
    from eval.question_sets import load

    for path in files:
        yield from from_questions(path.stem, load(path).part("test")[:each])
    for task in tasks or (() if files else ("passkey",)):
        yield from generated(task, lengths, each, model)


def _say(tokens: int, right: bool) -> None:
    say(f"{tokens:>7,} tokens: {'found' if right else 'not found'}")


def _of(cells: Sequence[Cell], task: str) -> list[Cell]:
    return [cell for cell in cells if cell.task == task]


def _told(cells: Sequence[Cell], depths: Sequence[Cell], usable: int | None) -> str:
    from eval.longcontext.published import PUBLISHED

    lines = []
    for task in dict.fromkeys(cell.task for cell in cells):
        lines.append(click.style(task, bold=True))
        lines += [f"  {_row(cell)}{_shades(cell, depths)}" for cell in _of(cells, task)]
        lines += [f"  {_row(cell)}  FalconLite2, published" for cell in PUBLISHED.get(task, ())]
    told = f"{usable:,} tokens" if usable else "not even the shortest"
    return "\n".join([*lines, f"Usable length (80 % found, and at every shorter one): {told}."])


def _row(cell: Cell) -> str:
    low, high = cell.interval
    return f"{cell.tokens:>7,} tokens  {cell.share:>4.0%} of {cell.cases:<4} (95 % {low:.0%}…{high:.0%})"


def _shades(cell: Cell, depths: Sequence[Cell]) -> str:
    """One mark a quarter of the depth, from the beginning to the end: the heat map of a terminal."""
    near = [each for each in depths if each.task == cell.task and abs(each.tokens - cell.tokens) <= 0.1 * cell.tokens]
    shares = {each.depth: each.share for each in near}
    marks = "".join(
        " ░▒▓█"[min(4, int(4 * shares[depth] + 0.5))] for depth in sorted(d for d in shares if d is not None)
    )
    return f"  |{marks}|" if marks else ""


def _write(path: Path, profile: ModelProfile, usable: int | None) -> None:
    """The whole profile as a file that --profile takes: strings of JSON are strings of TOML."""
    import json
    from dataclasses import asdict

    values = {name: value for name, value in asdict(profile).items() if name != "name"} | {"usable": usable}
    tables = {name: values.pop(name) for name in ("sampling", "serving")}
    lines = [f"[{json.dumps(profile.name)}]", *_pairs(values)]
    for name, table in tables.items():
        lines += ["", f"[{json.dumps(profile.name)}.{name}]", *_pairs(table)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"Written to {path}: use it as --profile {path}")


def _pairs(values: dict[str, Any]) -> list[str]:
    import json

    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return [f"{name} = {json.dumps(value)}" for name, value in kept.items() if value is not None]
