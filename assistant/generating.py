"""Answers written by a served model from a packed prompt, and what happens when the model cannot."""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import PASSAGES, SEARCHES, Inquiry, Response, Search
from assistant.answers import Answer, Completion, Prompt, Sampling, Sentence, Turn
from assistant.citing import Verifier
from assistant.counting import estimate
from assistant.errors import PromptOverflow
from assistant.followups import rewritten, standalone
from assistant.llms.extractive import ExtractiveAnswerer
from assistant.packing import Packer, PackingOptions, reserve_of, room_for_text
from assistant.prompts import REFUSAL
from assistant.refusing import refuses
from assistant.retrieval import gather
from assistant.stopwatch import Stopwatch
from ingest.documents import Document, Hit
from ingest.errors import ModelError

if TYPE_CHECKING:
    from assistant.answering import ExtractiveAnswering
    from assistant.protocols import LLM
    from assistant.verification.entailment import Entailment
    from ingest.knowledge_base import KnowledgeBase

TOKENS_A_HIT = 100  # of the prompt's limit: twice as many hits as fit, so that repeated and unfit ones leave no hole
SMALLER = 0.85  # of a prompt that the server found too long, for the second attempt

_BORNE_OUT = {"supported": 1.0, "partly": 0.5, "not_found": 0.0}

# Where a model that does not stop goes on with the dialogue it was shown.
_NEXT_TURN = re.compile(r"\n\s*(?:Earlier q|Example q|Q)uestion:.*", re.DOTALL)


class GenerativeAnswering:
    """Fills the model's window with what was found and lets it answer; every sentence is then looked for in the text.

    When no server answers, `fallback` does, and the answer says so (`Answer.degraded`).
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        llm: LLM,
        fallback: ExtractiveAnswering,
        packing: PackingOptions | None = None,
        entailment: Entailment | None = None,
    ) -> None:
        self._knowledge = knowledge
        self._llm = llm
        self._fallback = fallback
        self._options = packing or PackingOptions()
        self._verifier = Verifier(knowledge.embedder, entailment)
        self._known_packer: Packer | None = None

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        try:
            return rewritten(question, history, self._llm)
        except ModelError as error:
            if error.exit_code != ModelError.exit_code:
                raise
            return standalone(question, history)  # the answer meets the same failure, and says so

    def prompt(self, inquiry: Inquiry, search: Search) -> Prompt:
        """Exactly what would be sent."""
        return self._packed(inquiry, search)[0]

    def respond(self, inquiry: Inquiry, search: Search, watch: Stopwatch) -> Response:
        try:
            answer = yield from self._generate(inquiry, search, watch)
            if answer.abstained and inquiry.insist:
                return (yield from self._fallback.respond(inquiry, search, watch))
        except ModelError as error:
            if error.exit_code != ModelError.exit_code:  # a wrong request is not helped by another answer
                raise
            answer = yield from self._fallback.respond(inquiry, search, watch)
            return replace(answer, degraded=str(error))
        return answer

    def summarise(self, document: Document, source: str, sentences: int) -> Answer:
        from assistant.summarising import Summariser

        chunks = self._knowledge.store.chunks(document.id)
        try:
            return Summariser(self._llm, self._options, sentences).summarise(document, chunks, source)
        except ModelError as error:
            if error.exit_code != ModelError.exit_code:
                raise
            return replace(self._fallback.summarise(document, source, sentences), degraded=str(error))

    def _generate(self, inquiry: Inquiry, search: Search, watch: Stopwatch) -> Response:
        prompt, hits = self._packed(inquiry, search, watch)
        if not prompt.passages:
            return _abstention(inquiry, prompt, self._packer.profile.name)
        try:
            with watch.stage("generate"):
                completion = yield from self._complete(prompt)
        except PromptOverflow as overflow:  # the server counts otherwise: the lowest-ranked passages go
            total = min(prompt.ledger.total, overflow.limit or prompt.ledger.total)
            with watch.stage("pack"):
                prompt = self._pack(inquiry, hits, replace(self._options, budget=int(SMALLER * total)))
            with watch.stage("generate"):
                completion = yield from self._complete(prompt)
        with watch.stage("verify"):
            return self._answer(inquiry, prompt, completion, hits)

    def _packed(self, inquiry: Inquiry, search: Search, watch: Stopwatch | None = None) -> tuple[Prompt, Sequence[Hit]]:
        """The prompt and what was found for it, searched for anew where a document was replaced before it was read."""
        watch = watch or Stopwatch()
        for attempt in itertools.count(1):
            hits = self._search(search)
            with watch.stage("pack"):
                prompt = self._pack(inquiry, hits, self._options)
            if attempt == SEARCHES or all(self._packer.document(hit.chunk.document_id) for hit in hits):
                return prompt, hits
        raise AssertionError("counting does not end")

    def _search(self, search: Search) -> Sequence[Hit]:
        return search(max(PASSAGES, room_for_text(self._packer.profile, self._options) // TOKENS_A_HIT))

    def _pack(self, inquiry: Inquiry, hits: Sequence[Hit], options: PackingOptions) -> Prompt:
        return self._packer.pack(inquiry.question, hits, inquiry.history, options)

    @property
    def _packer(self) -> Packer:
        """Made when the server has told its limits, and kept for its counts."""
        if self._known_packer is None:
            profile = self._llm.profile
            self._known_packer = Packer(
                self._knowledge, profile, self._llm.count, None if self._llm.counts_locally else estimate
            )
        return self._known_packer

    def _sampling(self) -> Sampling:
        profile = self._packer.profile
        return replace(profile.sampling, max_tokens=reserve_of(profile, self._options))

    def _complete(self, prompt: Prompt) -> Generator[str, None, Completion]:
        stream = self._llm.stream(prompt.text, self._sampling())
        try:
            yield from stream
        finally:
            stream.close()
        return stream.completion

    def _answer(self, inquiry: Inquiry, prompt: Prompt, completion: Completion, hits: Sequence[Hit]) -> Answer:
        text = _NEXT_TURN.sub("", completion.text).strip()
        name = self._packer.profile.name
        if refuses(text) or (not text and completion.finish == "stop"):
            return replace(_abstention(inquiry, prompt, name), completion=completion)
        found = self._verifier.cited(text, prompt.passages, self._documents(prompt))
        if completion.finish == "stop" and all(each.support == "not_found" for each in found.sentences):
            return replace(_abstention(inquiry, prompt, name), completion=completion, markers_dropped=found.dropped)
        sampling = self._sampling()
        return Answer(
            question=inquiry.question,
            text=found.text,
            sentences=found.sentences,
            abstained=False,
            confidence=_supported(found.sentences) * self._answerable(inquiry, hits),
            passages=prompt.passages,
            model=name,
            prompt=prompt,
            completion=completion,
            manifest={
                "profile": name,
                "revision": " ".join(filter(None, self._llm.identity[1:])),
                "temperature": sampling.temperature,
                "max_tokens": sampling.max_tokens,
                "seed": -1 if sampling.seed is None else sampling.seed,
            },
            markers_dropped=found.dropped,
        )

    def _answerable(self, inquiry: Inquiry, hits: Sequence[Hit]) -> float:
        """The probability that what was found holds an answer, as the built-in answerer judges it."""
        evidence = gather(self._knowledge, hits[:PASSAGES])
        held = [passage for passage in evidence.passages if passage.document_id in evidence.documents]
        answerer = ExtractiveAnswerer(self._knowledge.embedder)
        return answerer.answer(inquiry.searched_for, held, evidence.documents).confidence

    def _documents(self, prompt: Prompt) -> dict[str, Document]:
        return {
            identity: document
            for identity in {passage.document_id for passage in prompt.passages}
            if (document := self._packer.document(identity))
        }


def _supported(sentences: Sequence[Sentence]) -> float:
    """The share of an answer that the documents bear out; a sentence that they bear out in part counts half."""
    return sum(_BORNE_OUT[each.support] for each in sentences) / max(1, len(sentences))


def _abstention(inquiry: Inquiry, prompt: Prompt, model: str) -> Answer:
    return Answer(
        inquiry.question,
        REFUSAL,
        (),
        abstained=True,
        confidence=0.0,
        passages=prompt.passages,
        model=model,
        prompt=prompt,
    )
