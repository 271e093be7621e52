"""Passages for an example: the one that answers a question, and those that the search would confuse with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.samples import Question, QuestionSet
from eval.scoring.retrieval import same_source
from eval.scoring.text import contains
from eval.variants.oracle import GoldRetriever

if TYPE_CHECKING:
    from ingest.documents import Hit
    from ingest.knowledge_base import KnowledgeBase

SEARCHED = 10  # times as many hits as are needed: gold, repetitions of it and tested documents fall out
ALL = 1000  # chunks of a gold place, at most


@dataclass(frozen=True, slots=True)
class Evidence:
    """`tested` are ids of documents whose passages are not shown as wrong ones: the test asks about them."""

    knowledge: KnowledgeBase
    tested: frozenset[str]

    @classmethod
    def of(cls, knowledge: KnowledgeBase, known: QuestionSet) -> Evidence:
        names = {question.source for question in known.part("test") if question.source}
        sources = [source for source in knowledge.sources() if source.document_id]
        tested = {each.document_id for each in sources if any(same_source(each.uri, name) for name in names)}
        return cls(knowledge, frozenset(filter(None, tested)))

    def gold(self, question: Question) -> Hit:
        """Of the chunks in the gold place, one that holds the answer in its words; else the first."""
        found = GoldRetriever(self.knowledge, question).retrieve(question.question, ALL)
        return next((hit for hit in found if contains(hit.chunk.text, question.answers)), found[0])

    def others(self, question: Question, wanted: int) -> list[Hit]:
        """What the search finds first that neither stands in the gold place nor holds the answer's words."""
        from ingest.search import search

        found = search(self.knowledge, question.question, SEARCHED * wanted)
        gold = GoldRetriever(self.knowledge, question).retrieve(question.question, ALL) if located(question) else []
        right = {hit.chunk.id for hit in gold}
        return [
            hit
            for hit in found
            if hit.chunk.id not in right
            and hit.chunk.document_id not in self.tested
            and not (question.answers and contains(hit.chunk.text, question.answers))
        ][:wanted]


def located(question: Question) -> bool:
    """Whether the set says where the answer stands."""
    return bool(question.source and (question.pages or question.span))
