"""The gold passages and nothing else: what a perfect search would give. RAG is read between this and prompting."""

from __future__ import annotations

from dataclasses import replace

from assistant.answering import opened_model
from assistant.assistant import Assistant
from eval.samples import Place, Question
from eval.scoring.retrieval import relevance, same_source
from eval.variants.budgets import WINDOW, check_window
from eval.variants.documents import DocumentVariant
from eval.variants.rag import opened
from eval.variants.settings import document_settings
from eval.variants.setup import Arm, Setup
from ingest.documents import Filter, Hit
from ingest.errors import UsageError
from ingest.knowledge_base import KnowledgeBase


def open_oracle(arm: Arm, setup: Setup) -> DocumentVariant:
    settings = document_settings(arm)
    model = opened_model(setup.llm)
    check_window(arm, model, ("budget", *WINDOW))
    kestrel = opened(setup, replace(settings, mode=settings.mode or "chunks"), model)

    def with_gold(question: Question) -> Assistant:
        return kestrel.searching(GoldRetriever(kestrel.knowledge, question))

    return DocumentVariant(arm, with_gold, None if isinstance(model, str) else model, settings.k)


class GoldRetriever:
    """Finds the chunks that touch the question's pages or span, in the order of the document."""

    def __init__(self, knowledge: KnowledgeBase, question: Question) -> None:
        self._knowledge = knowledge
        self._question = question

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        """Raises `UsageError` for a question whose gold is not in the knowledge base; nothing for unanswerable ones."""
        asked = self._question
        if not asked.answerable:
            return []
        if not asked.pages and not asked.span:
            raise UsageError(
                f"The question {asked.id!r} does not say on which page or span its answer stands.",
                "The oracle needs that: leave it out, or give page or span.",
            )
        found = [hit for source in self._sources() for hit in self._hits(source)]
        if not found:
            raise UsageError(
                f"{asked.source!r} with the answer to the question {asked.id!r} is not in {self._knowledge.location}.",
                "Add the document, or correct the question's source and page.",
            )
        return found[:k]

    def _sources(self) -> list[tuple[str, str]]:
        named = [source for source in self._knowledge.sources() if same_source(source.uri, self._question.source)]
        return [(source.uri, source.document_id) for source in named if source.document_id]

    def _hits(self, source: tuple[str, str]) -> list[Hit]:
        uri, document_id = source
        chunks = self._knowledge.store.chunks(document_id)
        places = [Place(uri, chunk.page, chunk.start, chunk.end) for chunk in chunks]
        gold = relevance(places, self._question)
        return [Hit(chunk, 1.0, uri) for chunk, held in zip(chunks, gold, strict=True) if held]
