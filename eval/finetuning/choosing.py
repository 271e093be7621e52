"""Which questions may be trained on: none that gives away what the test asks."""

from __future__ import annotations

import random
from collections.abc import Sequence

from eval.building.leakage import leakage
from eval.finetuning.rows import LeftOut
from eval.samples import Question, QuestionSet
from eval.scoring.retrieval import same_source
from ingest.errors import UsageError


def usable(
    known: QuestionSet, *, shared_documents: bool = False, unanswered: bool = False
) -> tuple[list[Question], LeftOut]:
    """The training questions whose document the test does not ask about, and those that had to be left out. With
    `shared_documents` those on tested documents stay too, with `unanswered` those whose answer the set does not say;
    what is nearly a question of the test is left out always.

    Raises `UsageError` where nothing is left to train on.
    """
    train, test = known.part("train"), known.part("test")
    tested = {question.source for question in test if question.source}
    shared = [each.id for each in train if each.source and not shared_documents and _among(each.source, tested)]
    alike = {mine for mine, _ in leakage(train, test).questions}
    dumb = [each.id for each in train if each.answerable and not unanswered and not target(each)]
    left = LeftOut(tuple(shared), tuple(each.id for each in train if each.id in alike), tuple(dumb))
    out = {*shared, *alike, *dumb}
    kept = [each for each in train if each.id not in out]
    if not kept:
        raise UsageError(
            f"{known.name} has {len(train)} training questions, and {len(left)} reasons leave none of them to use.",
            "Make a set that is split by document: python -m eval build --train 0.5 --out set.jsonl",
        )
    return kept, left


def target(question: Question) -> str:
    """What is right, as short as the set has it: the letter of the choice, else the first answer."""
    return (
        question.answer if question.choices else next((each.strip() for each in question.answers if each.strip()), "")
    )


def held_back(questions: Sequence[Question], share: float, seed: int) -> frozenset[str]:
    """Documents for watching the loss: their share, at least one where there are two, and never all."""
    sources = sorted({question.source for question in questions if question.source})
    if len(sources) < 2 or share <= 0:
        return frozenset()
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated, not a secret
    number = min(len(sources) - 1, max(1, round(share * len(sources))))
    return frozenset(chance.sample(sources, number))


def _among(source: str, others: set[str]) -> bool:
    return any(same_source(source, other) or same_source(other, source) for other in others)
