"""The facade: a knowledge base and something that answers from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from assistant.answers import Answer, Turn
from assistant.followups import standalone
from assistant.retrieval import HybridRetriever, Retriever, gather
from ingest.documents import Filter
from ingest.knowledge_base import KnowledgeBase
from ingest.reports import Report

if TYPE_CHECKING:
    from assistant.answering import Answerer
    from ingest.pipeline import IngestOptions
    from ingest.protocols import Embedder

DEFAULT_PASSAGES = 10


class Assistant:
    """Answers questions from a knowledge base, every sentence with the place where it stands.

    One object may be used by several threads. In async code call `await asyncio.to_thread(kestrel.ask, question)`:
    the work is done by the processor, so an async twin of every method would gain nothing (docs/adr/0002).
    """

    def __init__(self, knowledge: KnowledgeBase, answerer: Answerer, retriever: Retriever | None = None) -> None:
        self.knowledge = knowledge
        self._answerer = answerer
        self._retriever = retriever or HybridRetriever(knowledge)

    @classmethod
    def open(
        cls,
        location: str | Path = "kb",
        *,
        llm: str = "extractive",
        embedder: str | Embedder | None = None,
        reranker: str | None = None,
    ) -> Self:
        """Open the knowledge base in the folder `location`; `add` makes it when it is not there yet.

        `llm` is "extractive" (built in: answers in the documents' own words) or a model server's specification.
        `reranker` names a sentence-transformers cross-encoder. Raises the errors of `ingest.errors`.
        """
        from assistant.answering import open_answerer

        knowledge = KnowledgeBase.open(location, embedder=embedder, create=True)
        retriever: Retriever = HybridRetriever(knowledge)
        if reranker:
            from assistant.reranking import CrossEncoderReranker

            retriever = CrossEncoderReranker(retriever, reranker)
        return cls(knowledge, open_answerer(llm, knowledge), retriever)

    def add(self, *paths: str | Path, options: IngestOptions | None = None) -> Report:
        """Bring files and folders in; unchanged ones cost a stat. See `ingest.pipeline.add` for events on the way."""
        from ingest import pipeline

        *_, report = pipeline.add(self.knowledge, paths, options)
        assert isinstance(report, Report)  # the last event always is
        return report

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        only: Filter | None = None,
        passages: int = DEFAULT_PASSAGES,
    ) -> Answer:
        """Answer from the documents, or say that they do not hold the answer (`Answer.abstained`).

        Raises `NothingIndexed` when there are no documents, `UsageError` for an empty question.
        """
        started = time.perf_counter()
        query = standalone(question, history)
        hits = self._retriever.retrieve(query, passages, only)
        evidence = gather(self.knowledge, hits)
        searched = time.perf_counter()
        answer = self._answerer.answer(query, evidence)
        done = time.perf_counter()
        timings = {"search": searched - started, **answer.timings, "total": done - started}
        return replace(answer, question=question, searched_for=query, timings=timings)

    def chat(self, *, only: Filter | None = None) -> Conversation:
        """A conversation: later questions may lean on earlier ones."""
        return Conversation(self, only)

    def close(self) -> None:
        self.knowledge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Conversation:
    """Questions and answers in a row. `turns` is what was said so far."""

    def __init__(self, assistant: Assistant, only: Filter | None = None) -> None:
        self._assistant = assistant
        self._only = only
        self.turns: tuple[Turn, ...] = ()

    def ask(self, question: str) -> Answer:
        answer = self._assistant.ask(question, history=self.turns, only=self._only)
        self.turns = (*self.turns, Turn(answer.searched_for, answer.text))
        return answer
