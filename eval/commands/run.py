"""`python -m eval run`: arms over questions, with progress, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.commands.options import LLM_HELP, ModelOptions
from ingest.console import emit_json, json_option, knowledge_base_option, say

if TYPE_CHECKING:
    from eval.running import Estimate

EXAMPLES = """\b
Arms, between commas:
  extractive      the embedded answerer             prompting     the bare model, closed book
  rag             the best passages                 few_shot      the bare model with worked examples
  long_context    whole documents up to the window  auto          passages or whole documents
  oracle          the gold passages only            fine_tuned, fine_tuned_rag   the model of --fine-tuned
Settings follow a colon: rag:k=8:budget=4000, extractive:dense=0, rag:kb=other-chunks, rag:reranker=MODEL.

\b
Examples:
  python -m eval run --questions set.jsonl --variants extractive:k=5,extractive:k=20 --out runs/k
  python -m eval run --questions set.jsonl --variants prompting,rag --llm tgi:http://localhost:8080 --out runs/a
  python -m eval run --questions set.jsonl --variants extractive --budgets sweep --out runs/budgets
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _budgets(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...]:
    from eval.variants.budgets import SWEEP

    if value == "sweep":
        return SWEEP
    try:
        found = sorted({int(part) for part in (value or "").split(",") if part.strip()})
    except ValueError as error:
        raise click.BadParameter("write numbers of tokens between commas, 2000,4000, or sweep") from error
    if found and found[0] < 1:
        raise click.BadParameter("a budget is at least one token")
    return tuple(found)


@click.command(epilog=EXAMPLES)
@knowledge_base_option
@click.option("--questions", required=True, type=FILE, help="The question set, in any form that Kestrel reads.")
@click.option("--variants", required=True, metavar="ARMS", help="What is compared: prompting,rag:k=8,rag:k=20.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder that keeps the run."
)
@click.option(
    "--metric",
    metavar="NAME",
    help="choice, likeliest, likeliest_per_token, likeliest_per_byte, exact, f1, contains, number, citation, found. "
    "Default: what fits.",
)
@click.option("--likelihoods", is_flag=True, help="Also ask how likely the model holds each choice of a question.")
@click.option(
    "--budgets", callback=_budgets, metavar="TOKENS", help="Every arm with each of these budgets: 2000,8000, or sweep."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N questions.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Questions asked at once.")
@click.option("--fine-tuned", metavar="SPEC", help="The fine-tuned model, as --llm names one.")
@click.option("--price", type=(float, float), metavar="IN OUT", help="Money for a million tokens, for the estimate.")
@click.option("--dry-run", is_flag=True, help="Estimate the cost and end.")
@click.option("--llm", metavar="SPEC", envvar="KESTREL_LLM", default="extractive", show_default=True, help=LLM_HELP)
@click.option("--profile", metavar="NAME", envvar="KESTREL_PROFILE", help="The served model, as of `assistant models`.")
@click.option("--tokenizer", type=FILE, envvar="KESTREL_TOKENIZER", help="The served model's tokenizer.json.")
@click.option("--any-model", is_flag=True, help="Do not ask whether the server serves the model of --profile.")
@json_option
def run(kb: Path, questions: Path, variants: str, out: Path, as_json: bool, **options: Any) -> int:
    """Ask every arm every question, and say which pays. Started again, a run goes on where it was.

    Exit code 5 when a model failed on some questions: they are left out of the comparison, and asked again next time.
    """
    from dataclasses import replace

    from eval.evaluation import evaluation_of
    from eval.question_sets import load
    from eval.reporting.document import report_of
    from eval.reporting.terminal import shown
    from eval.running import estimates, open_variants
    from eval.running import run as run_arms
    from eval.runs.folder import RunFolder
    from eval.showing import progress
    from eval.variants import parse_arms
    from eval.variants.budgets import with_budgets
    from eval.variants.setup import Setup
    from ingest.errors import ModelError

    asked = load(questions)
    if options["limit"]:
        kept = (*asked.part("train"), *asked.part("test")[: options["limit"]])
        asked = replace(asked, questions=kept)
    model = ModelOptions(options["llm"], options["profile"], options["tokenizer"], any_model=options["any_model"])
    tuned = replace(model, llm=options["fine_tuned"]).open() if options["fine_tuned"] else None
    setup = Setup(kb, model.open(), tuned, asked.part("train"), options["likelihoods"], options["tokenizer"])
    folder = RunFolder(out)
    arms = parse_arms(variants)
    arms = with_budgets(arms, options["budgets"]) if options["budgets"] else arms
    with open_variants(arms, setup) as opened:
        say_estimates(estimates(opened, asked.part("test")), options["price"])
        if options["dry_run"]:
            return 0
        folder.keep(asked)
        with progress() as watch:
            run_arms(opened, asked.part("test"), folder, workers=options["workers"], watch=watch)
    found = evaluation_of(folder, options["metric"], [arm.name for arm, _ in opened])
    if as_json:
        emit_json(report_of(found))
    else:
        click.echo(shown(found))
    failed = [reply for row in found.replies.values() for reply in row if reply.error]
    if failed:
        say(f"{len(failed)} questions were not answered: {failed[0].error} Run the same again to ask them.")
    return ModelError.exit_code if failed else 0


def say_estimates(found: list[Estimate], price: tuple[float, float] | None) -> None:
    """What will be sent, before it is."""
    for each in found:
        if not each.requests:
            say(f"{each.arm}: no model is asked.")
            continue
        money = ""
        if price:
            cost = (each.prompt_tokens * price[0] + each.output_tokens * price[1]) / 1e6
            money = f", at most {cost:.2f} in money"
        say(
            f"{each.arm}: {each.requests} requests, about {each.prompt_tokens:,} tokens in, "
            f"at most {each.output_tokens:,} out{money}."
        )
