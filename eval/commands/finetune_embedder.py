"""`python -m eval finetune-embedder`: an embedding model trained on one's own questions, and vectors made with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest.console import emit_json, json_option, knowledge_base_option, say

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --questions 500 --train 0.5 --out set.jsonl
  python -m eval finetune-embedder --kb contracts --questions set.jsonl --out tuned
  python -m eval run --kb contracts --questions set.jsonl --variants extractive,extractive:kb=tuned/kb --out runs/tuned

\b
Whether it pays is what the last line tells. The new vectors stand in tuned/kb, and the old ones stay as they are. Needs
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
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same model.")
@json_option
def finetune_embedder(kb: Path, questions: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Train the embedding model on your questions, and embed the knowledge base anew with it."""
    from eval.finetuning.embedder import EmbedderTraining, train_embedder, triples_of
    from eval.question_sets import load
    from eval.showing import training_progress
    from ingest.errors import UsageError
    from ingest.knowledge_base import KnowledgeBase
    from ingest.reembedding import reembed

    if (out / "model").exists() or (out / "kb").exists():
        raise UsageError(f"{out} holds a trained embedder already.", "Name another folder with --out.")
    settings = {name: options[name] for name in ("base", "epochs", "rate", "batch", "seed")}
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        triples = triples_of(knowledge, load(questions), shared_documents=options["same_documents"])
        say(f"{len(triples)} questions with the passage that answers them.")
        with training_progress() as watch:
            steps = train_embedder(triples, EmbedderTraining(**settings), out / "model", watch)
        with KnowledgeBase.open(out / "kb", embedder=f"st:{(out / 'model').absolute()}", create=True) as into:
            documents = max(reembed(knowledge, into), default=0)
    told = {"pairs": len(triples), "steps": len(steps), "loss": [step.loss for step in steps], "documents": documents}
    if as_json:
        emit_json({**told, "model": str(out / "model"), "kb": str(out / "kb")})
        return
    say(f"Trained in {len(steps)} steps; {documents} documents embedded anew in {out / 'kb'}.")
    click.echo(f"Compare: python -m eval run --kb {kb} --questions {questions} --variants rag,rag:kb={out / 'kb'}")
