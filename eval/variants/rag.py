"""Retrieval: the passages that fit the question best, in a served model's prompt or for the extractive answerer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import opened_model
from eval.variants.documents import DocumentVariant
from eval.variants.settings import DocumentSettings, document_settings
from eval.variants.setup import Arm, Setup

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.protocols import LLM
    from ingest.documents import Filter, Hit
    from ingest.knowledge_base import KnowledgeBase
    from ingest.search import SearchSettings


def open_rag(arm: Arm, setup: Setup) -> DocumentVariant:
    settings = document_settings(arm)
    return from_documents(arm, setup, replace(settings, mode=settings.mode or "chunks"))


def from_documents(arm: Arm, setup: Setup, settings: DocumentSettings) -> DocumentVariant:
    """Any arm that searches one knowledge base."""
    model = opened_model(setup.llm)
    kestrel = opened(setup, settings, model)
    return DocumentVariant(arm, lambda _question: kestrel, None if isinstance(model, str) else model, settings.k)


def opened(setup: Setup, settings: DocumentSettings, model: str | LLM) -> Assistant:
    """The assistant that these settings describe."""
    from assistant.assistant import Assistant
    from assistant.packing import PackingOptions

    kestrel = Assistant.open(
        settings.kb or setup.kb,
        llm=model,
        reranker=settings.reranker,
        expand=settings.expand,
        packing=PackingOptions(settings.mode or "auto", settings.budget, settings.reserve),
        read_only=True,
    )
    search = _search_settings(settings)
    return kestrel.searching(TunedRetriever(kestrel.knowledge, search)) if search else kestrel


class TunedRetriever:
    """The search of the knowledge base with settings other than its own."""

    def __init__(self, knowledge: KnowledgeBase, settings: SearchSettings) -> None:
        self._knowledge = knowledge
        self._settings = settings

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        from ingest.search import search

        return search(self._knowledge, question, k, only, self._settings)


def _search_settings(settings: DocumentSettings) -> SearchSettings | None:
    """None where none of them was given."""
    from ingest.search import DEFAULT

    given = {"dense": settings.dense, "feedback": settings.feedback, "candidates": settings.candidates}
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(DEFAULT, **chosen) if chosen else None  # type: ignore[arg-type]
