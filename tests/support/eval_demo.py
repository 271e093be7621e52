"""`make eval-demo`: every way of adding knowledge to a model, with real training and real answers, on a processor.

A small real Falcon (560,000 weights, trained to answer from its prompt) is served in TGI's protocol and asked about
invented facts in documents that it never saw; a copy of it is fine-tuned on them. The commands are those that a person
would type. Sizes, steps and seeds were fixed before any arm was scored. It shows that the parts work together, and
nothing about which method pays for larger models.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click

from eval.question_sets.jsonl import written
from eval.samples import Question
from tests.support.invented_facts import Fact, filler, invent_facts
from tests.support.small_falcon import HELD_OUT, NAME, PROFILE, SmallFalcon, load
from tests.support.tgi_server.falcon_engine import FalconEngine
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

ARMS = "prompting,few_shot,rag:k=2,long_context,auto,oracle,fine_tuned,fine_tuned_rag:k=2"
REMARK = (
    "The model has 560,000 weights and was trained to copy from its prompt. This shows that prompting, retrieval, long "
    "context and fine-tuning run and are compared; it says nothing about which of them pays for a model of any use."
)


@dataclass(frozen=True, slots=True)
class Size:
    """`documents` of `facts` each; `missing` facts stand in none. Every second one is for training."""

    documents: int = 24
    facts: int = 4
    missing: int = 24
    epochs: float = 20.0
    rate: float = 1e-3
    seed: int = HELD_OUT + 7


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder in which the demonstration works, and how it shows its commands."""

    folder: Path

    def run(self, *words: str | Path) -> None:
        """A command of Kestrel, shown and run. Raises `CalledProcessError`."""
        click.secho(f"\n$ python -m {' '.join(str(word).replace(f'{self.folder}/', '') for word in words)}", bold=True)
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # a model so small is ten times slower with two
        subprocess.run([sys.executable, "-m", *map(str, words)], check=True, env=one_thread)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def demonstrate(folder: Path, size: Size) -> Path:
    """The page with the report."""
    desk = Desk(folder.absolute())
    write_documents(desk, size)
    small = load()
    base = small.save_pretrained(folder)
    kb, questions, tuning = ("--kb", desk / "kb"), ("--questions", desk / "set.jsonl"), desk / "tuning"
    (desk / "profile.toml").write_text(PROFILE, encoding="utf-8")
    profile = ("--profile", desk / "profile.toml")
    desk.run("ingest", "add", desk / "documents", *kb)
    training = ("--base", base, "--epochs", f"{size.epochs:g}", "--rate", f"{size.rate:g}")
    desk.run("eval", "finetune", *kb, *questions, *profile, "--out", tuning, *training)
    with ExitStack() as servers:
        served = [servers.enter_context(_served(engine, small)) for engine in (small.engine(), _tuned(tuning))]
        models = ("--llm", f"tgi:{served[0].url}", "--fine-tuned", f"tgi:{served[1].url}")
        desk.run("eval", "run", *kb, *questions, *profile, "--variants", ARMS, *models, "--out", desk / "run")
    desk.run("eval", "report", desk / "run", "--html", desk / "report.html", "--note", REMARK)
    return desk / "report.html"


def write_documents(desk: Desk, size: Size) -> None:
    """Files of facts between sentences that mean nothing, and a question on each; those on missing facts say so."""
    chance = Random(size.seed)
    facts = invent_facts(chance, size.documents * size.facts + size.missing)
    (desk / "documents").mkdir(parents=True)
    asked = []
    for number in range(size.documents):
        told = facts[number * size.facts : (number + 1) * size.facts]
        name, part = f"memo-{number}.txt", "test" if number % 2 else "train"
        text = " ".join(sentence for fact in told for sentence in (filler(chance), fact.statement))
        (desk / "documents" / name).write_text(text, encoding="utf-8")
        asked += [_question(f"{number}-{place}", fact, name, text, part) for place, fact in enumerate(told)]
    for number, fact in enumerate(facts[size.documents * size.facts :]):
        part = "test" if number % 2 else "train"
        asked.append(Question(f"missing-{number}", fact.question, answerable=False, kind="missing", part=part))
    (desk / "set.jsonl").write_text(written(asked), encoding="utf-8")


def _question(identity: str, fact: Fact, source: str, text: str, part: str) -> Question:
    start = text.index(fact.statement)
    span = (start, start + len(fact.statement))
    return Question(identity, fact.question, (fact.value,), source=source, span=span, kind=fact.attribute, part=part)


def _served(engine: FalconEngine, small: SmallFalcon):
    return serving(Setup(engine, Version.parse("3.3.7"), limits=small.limits()))


def _tuned(tuning: Path) -> FalconEngine:
    """What the training wrote, as any server would load it."""
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    (merged,) = tuning.glob("*-tuned")
    tokenizer = Tokenizer.from_file(str(merged / "tokenizer.json"))
    return FalconEngine(AutoModelForCausalLM.from_pretrained(merged), tokenizer, f"{NAME}-tuned")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(".eval-demo"))
def main(folder: Path) -> None:
    if folder.exists():
        raise click.UsageError(f"{folder} is there already; remove it, or name another folder.")
    began = time.monotonic()
    page = demonstrate(folder, Size())
    click.echo(f"\n{REMARK}\n")
    click.echo(f"{page}, {time.monotonic() - began:.0f} s in all.")


if __name__ == "__main__":
    main()
