"""`python -m eval speed`: how fast a served model answers, by the length of its prompt and by how many ask at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.commands.options import LLM_HELP, ModelOptions
from ingest.console import emit_json, json_option, say

if TYPE_CHECKING:
    from eval.speed import Speed

EXAMPLES = """\b
Examples:
  python -m eval speed --llm tgi:http://localhost:8080
  python -m eval speed --llm openai:http://localhost:8000/v1#model --inputs 20,3300 --at-once 1,4,16
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _numbers(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in value.split(",") if part.strip()}))
    except ValueError as error:
        raise click.BadParameter("write whole numbers between commas: 20,3300") from error
    if not found or found[0] < 1:
        raise click.BadParameter("write numbers from 1 on")
    return found


@click.command(epilog=EXAMPLES)
@click.option("--llm", required=True, metavar="SPEC", envvar="KESTREL_LLM", help=LLM_HELP)
@click.option("--profile", metavar="NAME", envvar="KESTREL_PROFILE", help="The served model, as of `assistant models`.")
@click.option("--tokenizer", type=FILE, envvar="KESTREL_TOKENIZER", help="The served model's tokenizer.json.")
@click.option("--any-model", is_flag=True, help="Do not ask whether the server serves the model of --profile.")
@click.option("--inputs", callback=_numbers, default="20,3300,5500,10000,24000", show_default=True, metavar="TOKENS")
@click.option(
    "--at-once", callback=_numbers, default="1,4", show_default=True, metavar="N", help="Questions at a time."
)
@click.option("--output", type=click.IntRange(1), default=128, show_default=True, help="Longest answer, in tokens.")
@json_option
def speed(inputs: tuple[int, ...], at_once: tuple[int, ...], output: int, as_json: bool, **options: Any) -> int:
    """Time answers from the request to the last token. Prompts that do not fit the model's window are left out."""
    from dataclasses import asdict

    from eval.speed import fits, measure

    model = ModelOptions(
        options["llm"], options["profile"], options["tokenizer"], any_model=options["any_model"]
    ).open()
    if isinstance(model, str):
        raise click.UsageError("The extractive answerer sends no prompts. Name a model server with --llm.")
    if left := [length for length in inputs if not fits(model, length, output)]:
        say(f"Not timed, longer than {model.profile.name}'s window: {', '.join(f'{each:,}' for each in left)} tokens.")
    found = measure(model, inputs, at_once, output, lambda each: say(_row(each)))
    if as_json:
        emit_json({"model": model.profile.name, "speeds": [asdict(each) for each in found]})
        return 0
    click.echo("\n".join([_row(each) for each in found] + _published()))
    return 0


def _row(found: Speed) -> str:
    return (
        f"{found.prompt_tokens:>7,} tokens in, {found.at_once:>2} at once: {found.rate:>7.1f} tokens/s each, "
        f"{found.together:>7.1f} together, first after {found.first_token:.2f} s"
    )


def _published() -> list[str]:
    from eval.speed import PUBLISHED

    return [
        f"{name}, published: " + ", ".join(f"{rate:g} tokens/s at {tokens:,}" for tokens, rate in rates.items())
        for name, rates in PUBLISHED.items()
    ]
