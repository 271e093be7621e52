"""`python -m eval build`: a question set from one's own documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.console import emit_json, json_option, knowledge_base_option, say

if TYPE_CHECKING:
    from eval.samples import Question
    from ingest.knowledge_base import KnowledgeBase

EXAMPLES = """\b
Examples:
  python -m eval build --kb contracts --out set.jsonl --review set.csv
  python -m eval build --kb contracts --out set.jsonl --feedback
  python -m eval build --kb contracts --out set.jsonl --number 200 --train 0.5 --llm tgi:http://localhost:8080

\b
Correct set.csv by hand ("no" under keep strikes a question out) and use it as it is: --questions set.csv
"""
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog=EXAMPLES)
@knowledge_base_option
@click.option("--out", required=True, type=FILE, help="The question set, as JSONL.")
@click.option(
    "--review", type=FILE, help="Also write a table to correct by hand, with the evidence beside each question."
)
@click.option("--number", type=click.IntRange(1), default=100, show_default=True, help="Questions in all.")
@click.option("--unanswerable", type=click.FloatRange(0, 1), default=0.15, show_default=True, help="Share of them.")
@click.option("--train", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share kept for training.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same set.")
@click.option("--llm", metavar="SPEC", help="A model server that words the questions. Default: cloze and headings.")
@click.option("--feedback", is_flag=True, help="Take the questions whose answers were called good; make none.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@json_option
def build(
    kb: Path,
    out: Path,
    review: Path | None,
    number: int,
    unanswerable: float,
    train: float,
    seed: int,
    llm: str | None,
    feedback: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make questions from the documents of a knowledge base, some of them without an answer."""
    from eval.building.building import Recipe
    from eval.building.building import build as built
    from eval.building.leakage import leakage
    from eval.building.review import review_table
    from eval.question_sets.jsonl import written
    from ingest.errors import UsageError
    from ingest.knowledge_base import KnowledgeBase

    for path in (out, review):
        if path and path.exists() and not force:
            raise UsageError(f"{path} is there already, perhaps corrected by hand.", "Add --force to write over it.")
    model = None
    if llm:
        from assistant.llms import open_llm

        model = open_llm(llm)
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        recipe = Recipe(number, unanswerable, train, seed=seed)
        questions = from_feedback(knowledge) if feedback else built(knowledge, recipe, model)
        texts = {
            Path(source.uri).name: knowledge.text(source.uri) for source in knowledge.sources() if source.document_id
        }
    out.write_text(written(questions), encoding="utf-8", newline="\n")
    if review:
        review.write_text(review_table(questions, texts), encoding="utf-8", newline="")
    parts = {part: [each for each in questions if each.part == part] for part in ("train", "test")}
    shared = leakage(parts["train"], parts["test"])
    found = {
        "questions": len(questions),
        "unanswerable": sum(not question.answerable for question in questions),
        "train": len(parts["train"]),
        "documents": len({question.source for question in questions}),
        "leaked_questions": len(shared.questions),
        "leaked_documents": len(shared.documents),
    }
    if as_json:
        emit_json(found)
        return
    click.echo(
        f"{found['questions']} questions on {found['documents']} documents, {found['unanswerable']} without an answer, "
        f"{found['train']} kept for training: {out}"
    )
    if len(questions) < number and not feedback:
        say(f"{number} were asked for; without near duplicates the documents hold no more of each kind.")
    if shared:
        say(f"{found['leaked_questions']} questions of the test part resemble one of the training part.")


def from_feedback(knowledge: KnowledgeBase) -> list[Question]:
    """Raises `UsageError` where no answer was called good."""
    from assistant.history import History
    from eval.question_sets.judged import can_be_judged, judged_questions
    from ingest.errors import UsageError

    judged = judged_questions(History(knowledge.location).judged())
    questions = [each for each in judged if each.kind == "good" and can_be_judged(each)]
    if not questions:
        raise UsageError(
            f"No kept answer of {knowledge.location} was called good.",
            "Judge some: assistant feedback RUN good; RUN is in `assistant history`.",
        )
    if left := len(judged) - len(questions):
        say(f"{left} other verdicts say what is not right, not what is: they are left out.")
    return questions
