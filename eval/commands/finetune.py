"""`python -m eval finetune`: a training set from one's own documents and questions."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.console import emit_json, json_option, knowledge_base_option, say

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --train 0.5 --out set.jsonl
  python -m eval finetune --kb contracts --questions set.jsonl --profile falconlite2 --out tuning

\b
The files are for trainers that read prompts with completions, or messages: TRL's SFTTrainer, Unsloth. Serve what they
make, and compare: python -m eval run --variants prompting,rag,fine_tuned,fine_tuned_rag --fine-tuned SPEC
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog=EXAMPLES)
@knowledge_base_option
@click.option("--questions", required=True, type=FILE, help="A question set with a training part.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the training set."
)
@click.option(
    "--profile", metavar="NAME", envvar="KESTREL_PROFILE", help="Whose template prompts get, as of `assistant models`."
)
@click.option("--absent", type=click.FloatRange(0, 0.9), default=0.1, show_default=True, help="Share of refusals.")
@click.option(
    "--others", type=click.IntRange(1, 50), default=3, show_default=True, help="Passages beside the right one."
)
@click.option(
    "--validation", type=click.FloatRange(0, 0.9), default=0.1, show_default=True, help="Share of documents kept out."
)
@click.option("--no-text", is_flag=True, help="Leave out the documents' own text; closed book then learns less.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same files.")
@click.option("--force", is_flag=True, help="Write over a training set that is there.")
@json_option
def finetune(
    kb: Path,
    questions: Path,
    out: Path,
    profile: str | None,
    absent: float,
    others: int,
    validation: float,
    no_text: bool,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a model is fine-tuned on. It does not train: others do, see below."""
    from assistant.answers import ModelProfile
    from assistant.profiles import profile_named
    from eval.finetuning.building import build
    from eval.finetuning.files import MANIFEST, write
    from eval.finetuning.rows import Recipe
    from eval.question_sets import load
    from ingest.errors import UsageError
    from ingest.knowledge_base import KnowledgeBase

    if (out / MANIFEST).exists() and not force:
        raise UsageError(
            f"{out} holds a training set already.", "Name another folder, or add --force to write over it."
        )
    known = load(questions)
    served = profile_named(profile) if profile else ModelProfile("none", 0, 0)
    recipe = Recipe(absent, others, validation, not no_text, seed)
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        made = build(knowledge, known, served, recipe)
    manifest = write(made, out, known, recipe, served.name)
    if as_json:
        emit_json(manifest)
        return
    for part, counted in manifest["rows"].items():
        told = ", ".join(f"{number} {kind}" for kind, number in counted.items()) or "none"
        click.echo(f"{part}: {told}")
    if made.left_out:
        say(f"{len(made.left_out)} training questions left out; {MANIFEST} says why")
    say(f"Written to {out}.")
