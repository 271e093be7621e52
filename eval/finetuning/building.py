"""Rows from questions and documents: closed book, with the gold passage among hard negatives, without it, and text.

The prompts are those that the arms `prompting` and `rag` send, to the letter, so that a model meets in the comparison
what it was trained for. Negatives are what the product's own search finds, as in use, not passages drawn at random.
After T. Zhang et al., RAFT: Adapting Language Model to Domain Specific RAG (2024), arXiv:2403.10131; where the gold
passage is missing, the right answer here is that the documents do not hold it, not the answer learnt by heart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from assistant.answers import ModelProfile
from assistant.control_tokens import neutralise
from assistant.prompts import REFUSAL, answering, fill
from assistant.retrieval import gather
from eval.finetuning.choosing import held_back, target, usable
from eval.finetuning.evidence import Evidence, located
from eval.finetuning.rows import Kind, Recipe, Row, TrainingSet
from eval.samples import Question, QuestionSet
from eval.scoring.retrieval import same_source
from eval.variants.documents import with_choices
from eval.variants.prompting import closed_book

if TYPE_CHECKING:
    from ingest.documents import Hit
    from ingest.knowledge_base import KnowledgeBase


def build(knowledge: KnowledgeBase, known: QuestionSet, profile: ModelProfile, recipe: Recipe) -> TrainingSet:
    """The training set for a model of this profile. Raises `UsageError` where no question can be trained on, or where
    a question's document is not in the knowledge base.
    """
    questions, left = usable(known)
    chance = random.Random(recipe.seed)  # noqa: S311 - an order that can be repeated, not a secret
    writer = _Writer(Evidence.of(knowledge, known), profile, recipe, chance)
    rows = [row for question in questions for row in writer.answerable(question)]
    rows += _refusals(questions, writer, len(rows), recipe, chance)
    kept = held_back(questions, recipe.validation, recipe.seed)
    train = [row for row in rows if row.source not in kept]
    if recipe.text:
        train += writer.text(kept)
    chance.shuffle(train)
    return TrainingSet(tuple(train), tuple(row for row in rows if row.source in kept), left)


def _refusals(
    questions: Sequence[Question], writer: _Writer, answered: int, recipe: Recipe, chance: random.Random
) -> list[Row]:
    """First of questions that no document answers, then of others with their gold passage taken away."""
    wanted = round(answered * recipe.absent / (1 - recipe.absent))
    without = [question for question in questions if not question.answerable]
    able = [question for question in questions if question.answerable and located(question)]
    chance.shuffle(without)
    chance.shuffle(able)
    return [writer.absent(question) for question in (without + able)[:wanted]]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes rows."""

    evidence: Evidence
    profile: ModelProfile
    recipe: Recipe
    chance: random.Random

    def answerable(self, question: Question) -> Iterator[Row]:
        """The question with the answer's passage among others where that is known, and without any."""
        if not question.answerable:
            return
        yield self._row("closed_book", question, closed_book(question, self.profile.control_tokens), target(question))
        if located(question):
            gold = self.evidence.gold(question)
            shown = [gold, *self.evidence.others(question, self.recipe.others)]
            self.chance.shuffle(shown)
            completion = f"{target(question)} [{shown.index(gold) + 1}]"
            yield self._row("passages", question, self._prompt(question, shown), completion)

    def absent(self, question: Question) -> Row:
        shown = self.evidence.others(question, self.recipe.others)
        self.chance.shuffle(shown)
        return self._row("absent", question, self._prompt(question, shown), REFUSAL)

    def text(self, kept: frozenset[str]) -> Iterator[Row]:
        """Every passage of every document, of those under test too, as retrieval may read them too; none of those
        whose questions watch the loss."""
        seen: set[str] = set()
        for source in self.evidence.knowledge.sources():
            identity = source.document_id
            name = PurePath(source.uri).name
            if not identity or identity in seen or any(same_source(source.uri, each) for each in kept):
                continue
            seen.add(identity)
            for chunk in self.evidence.knowledge.store.chunks(identity):
                plain = neutralise(chunk.text, self.profile.control_tokens).strip()
                bare = f"A passage of {name}:"
                yield Row("text", "", name, bare, fill(self.profile.template, bare), f" {plain}")

    def _prompt(self, question: Question, shown: Sequence[Hit]) -> str:
        passages = gather(self.evidence.knowledge, shown).passages
        control, examples = self.profile.control_tokens, self.profile.examples
        return answering(with_choices(question), passages, (), control, examples=examples).join()

    def _row(self, kind: Kind, question: Question, bare: str, completion: str) -> Row:
        prompt = fill(self.profile.template, bare)
        return Row(kind, question.id, question.source, bare, prompt, f" {completion}")
