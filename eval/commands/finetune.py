"""`python -m eval finetune`: a training set from one's own documents and questions, and a model trained on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.console import emit_json, json_option, knowledge_base_option, say

if TYPE_CHECKING:
    from eval.finetuning.training import Training

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --train 0.5 --out set.jsonl
  python -m eval finetune --kb contracts --questions set.jsonl --profile falconlite2 --out tuning
  python -m eval finetune --kb contracts --questions set.jsonl --base models/falcon --out tuning

\b
Without --base only the files are written, for trainers that read prompts with completions, or messages: TRL's
SFTTrainer, Unsloth. With --base a LoRA adapter is trained, on a GPU where there is one; that needs
pip install "kestrel-assistant[finetune]". Started again, a training goes on from its last checkpoint.
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
TRAINED_ONLY = ("rank", "epochs", "rate", "batch", "longest", "four_bit")


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
@click.option("--base", metavar="MODEL", help="Train this: a folder, or a name on the Hugging Face hub.")
@click.option("--rank", type=click.IntRange(1, 1024), default=16, show_default=True, help="Of the LoRA adapter.")
@click.option("--epochs", type=click.FloatRange(0.01), default=3.0, show_default=True, help="Times through the rows.")
@click.option("--rate", type=click.FloatRange(0), default=2e-4, show_default=True, help="Highest learning rate.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Examples a step.")
@click.option(
    "--longest", type=click.IntRange(16), help="Leave out examples of more tokens. Default: the base's window."
)
@click.option("--four-bit", is_flag=True, help="QLoRA: the base in four bits. Needs a GPU and bitsandbytes.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same files.")
@click.option("--force", is_flag=True, help="Write over what is there, and train from the start.")
@json_option
def finetune(kb: Path, questions: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Write what a model is fine-tuned on, and with --base train a model on it."""
    from eval.finetuning.card import write_card
    from eval.finetuning.loading import check_packages
    from eval.finetuning.serving import serving
    from eval.finetuning.training import train
    from eval.showing import training_progress

    if options["base"]:  # before anything is written, or taken away by --force
        check_packages(four_bit=options["four_bit"])
    manifest = _written(kb, questions, out, options)
    if not as_json:
        _say_rows(manifest)
    if not options["base"]:
        emit_json(manifest) if as_json else say(f"Written to {out}.")
        return
    training = _training(options)
    with training_progress() as watch:
        trained = train(out, training, watch)
    record = write_card(out, training, trained)
    if as_json:
        emit_json({**manifest, "trained": record})
        return
    say(f"Trained in {record['steps']} steps; the loss fell from {record['loss'][0]:.3f} to {record['loss'][-1]:.3f}.")
    click.echo(serving(training.base, trained))


def _written(kb: Path, questions: Path, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The training set in its folder. Raises `UsageError` where another one is there already."""
    from assistant.answers import ModelProfile
    from assistant.profiles import profile_named
    from eval.finetuning.building import build
    from eval.finetuning.files import write
    from eval.finetuning.rows import Recipe
    from eval.question_sets import load
    from ingest.knowledge_base import KnowledgeBase

    known = load(questions)
    served = profile_named(options["profile"]) if options["profile"] else ModelProfile("none", 0, 0)
    recipe = Recipe(
        options["absent"], options["others"], options["validation"], not options["no_text"], options["seed"]
    )
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        made = build(knowledge, known, served, recipe)
    if options["force"] and out.exists():
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return write(made, out, known, recipe, served.name, over=options["force"])


def _training(options: dict[str, Any]) -> Training:
    from eval.finetuning.training import Training

    return Training(options["base"], **{name: options[name] for name in TRAINED_ONLY}, seed=options["seed"])


def _say_rows(manifest: dict[str, Any]) -> None:
    for part, counted in manifest["rows"].items():
        click.echo(f"{part}: {', '.join(f'{number} {kind}' for kind, number in counted.items()) or 'none'}")
    left = sum(map(len, manifest["left_out"].values()))
    if left:
        say(f"{left} training questions left out; manifest.json says why")
