"""Does it pay to train the embedding model on one's own questions? Beside the same model untrained.

    python -m tests.benchmarks.tuned_embedder [--epochs N] [COLLECTION…]

`squad2`: trained on the answerable questions of four articles, asked those of the four others. `northwind_hr`: trained
on 400 questions that `eval build` makes from the documents, asked the 50 real ones; no real question is trained on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.assistant import Assistant
from eval.building.building import Recipe, build
from eval.evaluation import Plan, evaluate
from eval.finetuning.embedder import EmbedderTraining, train_embedder, triples_of
from eval.reporting.terminal import shown
from eval.samples import Question, QuestionSet
from eval.variants import parse_arms
from eval.variants.setup import Setup
from ingest.knowledge_base import KnowledgeBase
from ingest.reembedding import reembed
from tests.benchmarks import judged
from tests.benchmarks.judged import DATA

BUILT = 400
DEPTH = {"squad2": 1, "northwind_hr": 5}  # passages among which the right one is to be


def squad(work: Path) -> tuple[Path, QuestionSet]:
    collection = judged.squad(work)
    asked = []
    for number, each in enumerate(question for question in collection.questions if question.answerable):
        (name,) = each.grades
        part = "train" if int(name[:2]) % 2 == 0 else "test"
        asked.append(Question(f"s{number}", each.text, each.answers, source=name, pages=(1,), part=part))
    return collection.folder, QuestionSet("squad2", tuple(asked), "")


def northwind(work: Path) -> tuple[Path, QuestionSet]:
    collection = judged.northwind(work)
    real = [
        Question(f"n{number}", each.text, source=each.pages[0][0], pages=tuple(page for _, page in each.pages))
        for number, each in enumerate(collection.questions)
    ]
    return collection.folder, QuestionSet("northwind_hr", tuple(real), "")


def with_built(knowledge: KnowledgeBase, known: QuestionSet) -> QuestionSet:
    made = build(knowledge, Recipe(BUILT, unanswerable=0.0, train=1.0))
    return QuestionSet(known.name, (*known.questions, *made), "")


def measure(name: str, work: Path, training: EmbedderTraining) -> None:
    folder, known = {"squad2": squad, "northwind_hr": northwind}[name](work)
    with Assistant.open(work / "kb") as kestrel:
        kestrel.add(folder)
    with KnowledgeBase.open(work / "kb", read_only=True) as knowledge:
        shared = name == "northwind_hr"
        set_ = with_built(knowledge, known) if shared else known
        triples = triples_of(knowledge, set_, shared_documents=shared)
        began = time.perf_counter()
        steps = train_embedder(triples, training, work / "model")
        spent = time.perf_counter() - began
        print(f"{name}: {len(triples)} triples, {len(steps)} steps in {spent:.0f} s, ", end="")
        print(f"loss {steps[0].loss:.3f} to {steps[-1].loss:.3f}", flush=True)
        with KnowledgeBase.open(work / "tuned", embedder=f"st:{work / 'model'}", create=True) as into:
            for _ in reembed(knowledge, into):
                pass
    for weight in ("", ":dense=1"):
        k = DEPTH[name]
        arms = f"extractive:k={k}{weight},extractive:k={k}{weight}:kb={work / 'tuned'}"
        plan = Plan(Setup(work / "kb"), parse_arms(arms), known, work / f"run{weight[1:6]}", metric="found", workers=2)
        print(shown(evaluate(plan)).replace(f":kb={work / 'tuned'}", ":tuned"), flush=True)


def main(names: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="*", metavar="COLLECTION", help=f"of {', '.join(DEPTH)}; default: both")
    parser.add_argument("--epochs", type=float, default=EmbedderTraining().epochs)
    arguments = parser.parse_args(names)
    if not DATA.is_dir():
        parser.exit(0, f"skipped: no collections at {DATA}\n")
    for name in arguments.collections or DEPTH:
        with tempfile.TemporaryDirectory() as work:
            measure(name, Path(work), EmbedderTraining(epochs=arguments.epochs))


if __name__ == "__main__":
    main()
