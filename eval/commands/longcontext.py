"""`python -m eval longcontext`: up to which length a served model finds what stands in its prompt."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.commands.options import LLM_HELP, ModelOptions
from ingest.console import emit_json, json_option, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assistant.answers import ModelProfile
    from eval.longcontext.cases import Case
    from eval.longcontext.measuring import Cell
    from eval.longcontext.quality import ArticleFigures
    from eval.samples import Question

EXAMPLES = """\b
Examples:
  python -m eval longcontext --llm tgi:http://localhost:8080 --lengths 2000,4000,8000,16000
  python -m eval longcontext --llm tgi:http://localhost:8080 --cases longeval/lines/*.jsonl --write falcon.toml
  python -m eval longcontext --llm tgi:http://localhost:8080 --cases QuALITY.v1.0.1.htmlstripped.dev
"""
MADE = 20  # cases of each length, where none is said
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
@click.option("--cases", type=FILE, multiple=True, help="LongEval's lines or topics, or QuALITY; repeatable.")
@click.option("--task", "tasks", type=click.Choice(GENERATED), multiple=True, help="Made here. Default: passkey.")
@click.option("--lengths", callback=_lengths, default="1000,2000,4000,8000,16000", show_default=True, metavar="TOKENS")
@click.option("--each", type=click.IntRange(1), help="Cases of each length. Default: 20, and all of a file.")
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the profile with its usable length."
)
@json_option
def longcontext(
    cases: tuple[Path, ...],
    tasks: tuple[str, ...],
    lengths: tuple[int, ...],
    each: int | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Ask a model for what stands in prompts of growing length, and say how long they may be.

    `--mode auto` sends whole documents only up to the usable length of the profile that --write makes. QuALITY is
    scored by itself: it asks what an article means, and says nothing about a usable length.
    """
    from eval.longcontext import quality
    from eval.longcontext.figures import curve_of, figures_of
    from eval.longcontext.measuring import measure

    model = ModelOptions(
        options["llm"], options["profile"], options["tokenizer"], any_model=options["any_model"]
    ).open()
    if isinstance(model, str):
        raise click.UsageError("The extractive answerer has no window. Name a model server with --llm.")
    articles, files = _read(cases, each)
    made = _made(tasks or (() if cases else ("passkey",)), lengths, each or MADE, model)
    cases_in_all = list(chain(_all(files), made))
    results = measure(iter(cases_in_all), model, lambda result: _say(result.tokens, result.right))
    if left := len(cases_in_all) - len(results):
        say(f"{left} of {len(cases_in_all)} cases did not fit {model.profile.name}'s window: they were not sent.")
    judged = quality.read_articles(articles, model, lambda one: _say(one.tokens, one.right, ("right", "not right")))
    curve, read = curve_of(model.profile.name, results), quality.figures(judged, len(articles))
    if options["write"]:
        _write(options["write"], model.profile, curve.usable)
    if as_json:
        emit_json(figures_of(curve) | ({"quality": quality.as_json(read)} if read else {}))
        return 0
    told = [_told(curve.lengths, curve.depths, curve.usable)] if results or not articles else []
    click.echo("\n".join([*told, *(_articles(read, len(articles)) if articles else ())]))
    return 0


def _read(files: tuple[Path, ...], each: int | None) -> tuple[list[Question], dict[str, Sequence[Question]]]:
    """Questions on articles of all files, and the cases of each other file, by its name."""
    from eval.longcontext.quality import is_quality
    from eval.question_sets import load
    from ingest.errors import UsageError

    articles: list[Question] = []
    others: dict[str, Sequence[Question]] = {}
    for path in files:
        asked = load(path).part("test")[:each]
        articles += [question for question in asked if is_quality(question)]
        others[path.stem] = [question for question in asked if not is_quality(question)]
        if not all(question.answers for question in others[path.stem]):
            raise UsageError(f"{path} has questions without an answer.", "Give LongEval's files, or QuALITY's.")
    return articles, others


def _all(files: dict[str, Sequence[Question]]) -> Iterator[tuple[str, Case]]:
    from eval.longcontext.measuring import from_questions

    for name, questions in files.items():
        yield from from_questions(name, questions)


def _made(tasks: Sequence[str], lengths: tuple[int, ...], each: int, model: Any) -> Iterator[tuple[str, Case]]:
    from eval.longcontext.measuring import generated

    for task in tasks:
        yield from generated(task, lengths, each, model)


def _articles(found: ArticleFigures | None, asked: int) -> list[str]:
    from eval.longcontext.quality import PUBLISHED

    if found is None:
        return [f"QuALITY: none of {asked} prompts fits the model's window."]
    lines = [click.style("QuALITY, articles sent whole", bold=True)]
    for name, score in (("all", found.all), ("hard", found.hard)):
        if score:
            low, high = score.interval
            lines.append(
                f"  {name:<5} {score.share:>4.0%} of {score.questions:<5} (95 % {low:.0%}…{high:.0%}), "
                f"{score.unparsed} unparsed, {score.corrected:.0%} less guessing"
            )
    lines.append(
        f"  Prompts of {found.tokens:,} tokens in the mean; {found.too_long} of {asked} did not fit the window."
    )
    told = (
        f"{model} {shares['all']:.1%}, {shares['hard']:.1%} of the hard ones" for model, shares in PUBLISHED.items()
    )
    return [*lines, f"  Published, on the hidden test part and with a prompt not told: {'; '.join(told)}."]


def _say(tokens: int, right: bool, words: tuple[str, str] = ("found", "not found")) -> None:
    say(f"{tokens:>7,} tokens: {words[0] if right else words[1]}")


def _of(cells: Sequence[Cell], task: str) -> list[Cell]:
    return [cell for cell in cells if cell.task == task]


def _told(cells: Sequence[Cell], depths: Sequence[Cell], usable: int | None) -> str:
    from eval.longcontext.published import published

    lines = []
    for task in dict.fromkeys(cell.task for cell in cells):
        lines.append(click.style(task, bold=True))
        lines += [f"  {_row(cell)}{_shades(cell, depths)}" for cell in _of(cells, task)]
        for model, row in published(task).items():
            lines += [f"  {_row(cell)}  {model}, published" for cell in row]
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
