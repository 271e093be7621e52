"""`python -m eval finetune-embedder`: an embedding model trained on one's own questions, and vectors made with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.console import emit_json, json_option, knowledge_base_option, say

if TYPE_CHECKING:
    from eval.finetuning.training import Step

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --questions 500 --train 0.5 --out set.jsonl
  python -m eval finetune-embedder --kb contracts --questions set.jsonl --out tuned
  python -m eval run --kb contracts --questions set.jsonl --variants extractive,extractive:kb=tuned/kb --out runs/tuned

\b
Whether it pays is what the last line tells. The new vectors stand in tuned/kb, and the old ones stay as they are.
Stopped while it embeds, the same command goes on there; stopped while it trains, it trains anew. Needs
pip install "kestrel-assistant[finetune]"; takes minutes on two processor cores.
"""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("finetune-embedder", epilog=EXAMPLES)
@knowledge_base_option
@click.option("--questions", required=True, type=FILE, help="A question set with a training part.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for model and new vectors."
)
@click.option("--base", metavar="MODEL", default="minilm", show_default=True, help="minilm, a folder, or a hub's name.")
@click.option("--epochs", type=click.FloatRange(0.01), default=1.0, show_default=True, help="Times through them.")
@click.option("--rate", type=click.FloatRange(0), default=2e-5, show_default=True, help="Highest learning rate.")
@click.option("--batch", type=click.IntRange(2), default=32, show_default=True, help="Questions a step.")
@click.option(
    "--same-documents", is_flag=True, help="Also train on questions about documents that the test asks about."
)
@click.option("--force", is_flag=True, help="Write over what an earlier training left in --out.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same model.")
@json_option
def finetune_embedder(kb: Path, questions: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Train the embedding model on your questions, and embed the knowledge base anew with it."""
    from eval.finetuning.embedder import EmbedderTraining, settings_of, train_embedder, triples_of
    from eval.question_sets import load
    from eval.showing import training_progress
    from ingest.knowledge_base import KnowledgeBase
    from ingest.reembedding import reembed

    training = EmbedderTraining(**{name: options[name] for name in ("base", "epochs", "rate", "batch", "seed")})
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        triples = triples_of(knowledge, load(questions), shared_documents=options["same_documents"])
        say(f"{len(triples)} questions with the passage that answers them.")
        if options["force"]:
            _clear(out)
        _claim(out, settings_of(triples, training))
        steps: tuple[Step, ...] = ()
        if (out / "model").exists():
            say(f"The model in {out / 'model'} is trained already; going on with the vectors.")
        else:
            with training_progress() as watch:
                steps = train_embedder(triples, training, out / "model", watch)
        with KnowledgeBase.open(out / "kb", embedder=f"st:{(out / 'model').absolute()}", create=True) as into:
            documents = max(reembed(knowledge, into), default=0)
    told = {"pairs": len(triples), "steps": len(steps), "loss": [step.loss for step in steps], "documents": documents}
    if as_json:
        emit_json({**told, "model": str(out / "model"), "kb": str(out / "kb")})
        return
    say(f"{f'Trained in {len(steps)} steps; ' if steps else ''}{documents} documents embedded anew in {out / 'kb'}.")
    click.echo(f"Compare: python -m eval run --kb {kb} --questions {questions} --variants rag,rag:kb={out / 'kb'}")


def _claim(out: Path, settings: dict[str, Any]) -> None:
    from eval.finetuning.checkpoints import SETTINGS, claim
    from ingest.errors import UsageError

    if (out / "model").exists() and not (out / SETTINGS).exists():
        raise UsageError(
            f"{out / 'model'} is there already, and nothing tells how it was trained.",
            "Name another folder with --out, or add --force to write over it.",
        )
    claim(out, settings)


def _clear(out: Path) -> None:
    """What an earlier training wrote, and nothing else that may stand there."""
    from eval.finetuning.checkpoints import SETTINGS

    (out / SETTINGS).unlink(missing_ok=True)  # first: without it the rest is nobody's, and no training goes on from it
    for name in ("model", "model.unfinished", "kb"):
        shutil.rmtree(out / name, ignore_errors=True)
