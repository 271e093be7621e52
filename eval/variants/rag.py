"""Retrieval: the passages that fit the question best, in a served model's prompt or for the extractive answerer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import opened_model
from eval.variants.budgets import SHORTEST, Budgeted, Counter, check_room, check_window
from eval.variants.documents import DocumentVariant
from eval.variants.settings import DocumentSettings, document_settings
from eval.variants.setup import Arm, Setup
from ingest.errors import UsageError

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
    check_window(arm, model)
    kestrel = opened(setup, settings, model)
    if not isinstance(model, str):
        check_room(settings.budget, _room(model, settings), model.profile)
        return DocumentVariant(arm, lambda _question: kestrel, model, settings.k)
    if settings.budget is None:
        return DocumentVariant(arm, lambda _question: kestrel, None, settings.k)
    if settings.expand != "off":
        raise UsageError(f"The arm {arm.name!r} has a budget and further queries.", "Leave out expand or budget.")
    count = Counter.of(setup.tokenizer)
    within = kestrel.searching(Budgeted(retriever_of(kestrel, settings), settings.budget, count))
    return DocumentVariant(arm, lambda _question: within, None, settings.k or settings.budget // SHORTEST, count)


def opened(setup: Setup, settings: DocumentSettings, model: str | LLM) -> Assistant:
    """The assistant that these settings describe."""
    from assistant.assistant import Assistant
    from assistant.packing import PackingOptions

    kestrel = Assistant.open(
        settings.kb or setup.kb,
        llm=model,
        reranker=settings.reranker,
        expand=settings.expand,
        packing=PackingOptions(settings.mode or "auto", settings.budget, settings.reserve, settings.order),
        read_only=True,
    )
    return kestrel.searching(retriever_of(kestrel, settings)) if _search_settings(settings) else kestrel


def retriever_of(kestrel: Assistant, settings: DocumentSettings) -> TunedRetriever:
    from ingest.search import DEFAULT

    return TunedRetriever(kestrel.knowledge, _search_settings(settings) or DEFAULT)


def _room(model: LLM, settings: DocumentSettings) -> int:
    from assistant.packing import PackingOptions, room_for_text

    return room_for_text(model.profile, PackingOptions(reserve=settings.reserve))


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
