"""The facade: a knowledge base and something that answers from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from assistant.answering import AnswerStream, Inquiry, open_answerer, opened_model
from assistant.answers import Answer, Prompt, Turn
from assistant.calibration import Calibration, Limit, limited, load_calibration
from assistant.events import Listener, PassagesFound, unheard
from assistant.history import History
from assistant.manifests import manifest_of
from assistant.retrieval import HybridRetriever, Query, Reranker, Retriever, numbered, retrieve
from assistant.stopwatch import Stopwatch
from ingest.documents import Filter, Hit
from ingest.errors import NothingIndexed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.reports import Report

if TYPE_CHECKING:
    from assistant.answering import Answerer, Response
    from assistant.packing import PackingOptions
    from assistant.protocols import LLM
    from ingest.pipeline import IngestOptions
    from ingest.protocols import Embedder


Expansion = Literal["off", "words", "model"]


class Assistant:
    """Answers questions from a knowledge base, every sentence with the place where it stands.

    One object may be used by several threads. In async code call `await asyncio.to_thread(kestrel.ask, question)`:
    the work is done by the processor, so an async twin of every method would gain nothing (docs/adr/0002).
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        answerer: Answerer,
        retriever: Retriever | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.knowledge = knowledge
        self._answerer = answerer
        self._retriever = retriever or HybridRetriever(knowledge)
        self._reranker = reranker
        self._limit: tuple[Calibration, Limit] | None = None

    @classmethod
    def open(
        cls,
        location: str | Path = "kb",
        *,
        llm: str | LLM = "extractive",
        embedder: str | Embedder | None = None,
        reranker: str | None = None,
        expand: Expansion = "off",
        packing: PackingOptions | None = None,
        max_risk: float | None = None,
        read_only: bool = False,
    ) -> Self:
        """Open the knowledge base in the folder `location`, and make it when it is not there yet.

        With `read_only` nothing is made or written: a folder that is not there raises `NothingIndexed`.

        `llm` is "extractive" (built in: answers in the documents' own words), a model server's specification, or a
        model that `assistant.llms.open_llm` opened with options; `packing` says how its window is filled. `reranker`
        names a sentence-transformers cross-encoder. `expand` searches with further queries: "words" with words of the
        first finds, "model" with wordings of the served model. `max_risk` answers only from the confidence on at which
        no more than that share of answers was wrong on the questions of `python -m eval calibrate`. Raises the errors
        of `ingest.errors`.
        """
        knowledge = KnowledgeBase.open(location, embedder=embedder, create=not read_only, read_only=read_only)
        model = opened_model(llm)
        kestrel = cls(
            knowledge,
            open_answerer(model, knowledge, packing),
            _retriever(HybridRetriever(knowledge), expand, model),
            _reranker(reranker),
        )
        if max_risk is not None:
            calibration = load_calibration(knowledge.location)
            kestrel._limit = (calibration, calibration.limit(max_risk))
        return kestrel

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
        passages: int | None = None,
        insist: bool = False,
    ) -> Answer:
        """Answer from the documents, or say that they do not hold the answer (`Answer.abstained`).

        `passages` bounds how many are looked for; None takes as many as can be made use of: 10, or what fills the
        served model's window. `insist` gives the nearest sentences instead of an abstention. Raises `NothingIndexed`
        when there are no documents, `UsageError` for an empty question.
        """
        stream = self.stream(question, history=history, only=only, passages=passages, insist=insist)
        for _ in stream:
            pass
        return stream.answer

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        only: Filter | None = None,
        passages: int | None = None,
        insist: bool = False,
        listener: Listener = unheard,
    ) -> AnswerStream:
        """The same, piece by piece as the model writes; `.answer` is the checked answer when the pieces are through.

        `listener` is told of each stage and of the passages that were found, as it happens (see `assistant.events`).
        """
        inquiry = Inquiry(question, question, tuple(history), insist)
        return AnswerStream(self._respond(inquiry, only, passages, listener))

    def prompt(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        only: Filter | None = None,
        passages: int | None = None,
    ) -> Prompt:
        """Exactly what `ask` would send to the model, without sending it. Raises `UsageError` without a model."""
        from assistant.generating import GenerativeAnswering

        if not isinstance(self._answerer, GenerativeAnswering):
            raise UsageError("The extractive answerer sends no prompt.", "Name a model server with --llm.")
        query = self._answerer.standalone(question, history)
        return self._answerer.prompt(
            Inquiry(question, query, tuple(history)),
            lambda k: retrieve(self._retriever, self._reranker, Query(query, passages or k, only)),
        )

    def hits(self, question: str, k: int, *, only: Filter | None = None) -> list[Hit]:
        """What is found for a question, best first, after the second look of a reranker where there is one."""
        return retrieve(self._retriever, self._reranker, Query(question, k, only))

    def searching(self, retriever: Retriever) -> Assistant:
        """The same assistant, answering from what another retriever finds. Both share one knowledge base."""
        return Assistant(self.knowledge, self._answerer, retriever, self._reranker)

    def _respond(self, inquiry: Inquiry, only: Filter | None, passages: int | None, listener: Listener) -> Response:
        watch = Stopwatch(listener)
        query = inquiry.question
        if inquiry.history:
            with watch.stage("rewrite"):
                query = self._answerer.standalone(query, inquiry.history)

        found: list[Hit] = []

        def search(k: int) -> Sequence[Hit]:
            found[:] = retrieve(self._retriever, self._reranker, Query(query, passages or k, only), watch)
            listener(PassagesFound(numbered(found)))
            return found

        answer = yield from self._answerer.respond(replace(inquiry, searched_for=query), search, watch)
        answer = replace(answer, question=inquiry.question, searched_for=query)
        if self._limit and not inquiry.insist:
            answer = self._within_risk(answer, *self._limit)
        manifest = {
            **manifest_of(answer, self.knowledge, found, inquiry.history, only),
            "asked_for": passages,
            "insist": inquiry.insist,
        }
        timings = {**watch.stages, "total": watch.total}
        damaged = " ".join(self.knowledge.store.degraded)
        return replace(answer, timings=timings, manifest=manifest, damaged=damaged)

    def _within_risk(self, answer: Answer, calibration: Calibration, limit: Limit) -> Answer:
        stored = self.knowledge.store.model()
        if answer.model != calibration.model or (stored and stored.fingerprint != calibration.embedder):
            raise UsageError(
                f"{self.knowledge.location} was calibrated with {calibration.model}, and {answer.model} answers now.",
                "Calibrate again with the model and the embedder that answer, or leave out the largest risk.",
            )
        return limited(answer, calibration, limit)

    @property
    def history(self) -> History:
        """The answers that were kept beside the knowledge base."""
        return History(self.knowledge.location)

    def summarize(self, source: str, *, sentences: int = 7) -> Answer:
        """What one document says, in at most so many sentences, each with the place where it stands.

        `source` is a path or the end of one. Raises `UsageError` for a source that is not there or not the only one.
        """
        name = self.knowledge.resolve(source)
        document = self.knowledge.document(name.document_id) if name.document_id else None
        if document is None:
            raise NothingIndexed(f"{name.uri} holds no text here: {name.reason}.", "Mend the file and add it again.")
        return self._answerer.summarise(document, name.uri, sentences)

    def chat(self, *, only: Filter | None = None) -> Conversation:
        """A conversation: later questions may lean on earlier ones."""
        return Conversation(self, only)

    def close(self) -> None:
        self.knowledge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _retriever(retriever: Retriever, expand: Expansion, model: str | LLM) -> Retriever:
    if expand == "off":
        return retriever
    from assistant.expansion import ExpandingRetriever, Rephrasing, telling_words

    if expand == "words":
        return ExpandingRetriever(retriever, telling_words)
    if isinstance(model, str):
        raise UsageError(
            "The extractive answerer words no questions.", "Name a model server with --llm, or expand by words."
        )
    return ExpandingRetriever(retriever, Rephrasing(model))


def _reranker(model: str | None) -> Reranker | None:
    if not model:
        return None
    from assistant.reranking import CrossEncoderReranker

    return CrossEncoderReranker(model)


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
