"""Answering from documents, by the product itself: what all variants with a knowledge base have in common."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from assistant.answers import Answer, Citation, Passage
from eval.samples import Place, Question, Reply
from eval.variants.models import shape
from eval.variants.setup import Arm, Attempt

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.protocols import LLM
    from eval.variants.budgets import Counter


class OpenAssistant(Protocol):
    """The assistant that answers a question; for most arms the same for all."""

    def __call__(self, question: Question) -> Assistant: ...


class DocumentVariant:
    """Asks an assistant. `llm` None: the extractive answerer; `k` None: as many passages as can be made use of.

    `count` tells the tokens of what the embedded answerer reads; None where that is bound by no budget.
    """

    def __init__(
        self, arm: Arm, assistant_for: OpenAssistant, llm: LLM | None, k: int | None, count: Counter | None = None
    ) -> None:
        self._arm = arm
        self._assistant_for = assistant_for
        self._llm = llm
        self._k = k
        self._count = count
        self._opened: set[Assistant] = set()

    def prepare(self, question: Question) -> Attempt:
        kestrel = self._assistant_for(question)
        self._opened.add(kestrel)
        asked = with_choices(question)
        if self._llm is None:
            return Attempt(self._extractive_shape(kestrel, asked), lambda: self._ask(kestrel, question))
        prompt = kestrel.prompt(asked, passages=self._k)
        shaped = shape(self._llm, prompt.text, self._llm.profile.sampling)
        return Attempt(shaped, lambda: self._ask(kestrel, question), prompt.ledger.total)

    def close(self) -> None:
        for kestrel in self._opened:
            kestrel.close()

    def _extractive_shape(self, kestrel: Assistant, asked: str) -> dict[str, Any]:
        """The extractive answer follows from the code, the question, the passages found and the embedding model."""
        from assistant.answering import PASSAGES
        from assistant.manifests import manifest_of

        hits = kestrel.hits(asked, self._k or PASSAGES)
        unasked = Answer(asked, "", (), abstained=False, confidence=0.0, passages=(), model="extractive")
        manifest = manifest_of(unasked, kestrel.knowledge, hits)
        found = [[hit.chunk.document_id, hit.chunk.start, hit.chunk.end] for hit in hits]
        return {
            "model": ["extractive", manifest["embedder_fingerprint"], manifest["versions"]],
            "prompt": asked,
            "passages": found,
        } | ({"counted": self._count.name} if self._count else {})

    def _ask(self, kestrel: Assistant, question: Question) -> Reply:
        started = time.perf_counter()
        first: float | None = None
        stream = kestrel.stream(with_choices(question), passages=self._k)
        for _ in stream:
            first = first if first is not None else time.perf_counter() - started
        answer = stream.answer
        reply = _reply(self._arm, question, answer, (time.perf_counter() - started, first if self._llm else None))
        count = self._count
        return replace(reply, read_tokens=sum(count(each.text) for each in answer.passages)) if count else reply


def with_choices(question: Question) -> str:
    """The question as it is asked, with its lettered choices below it where it has some."""
    if not question.choices:
        return question.question
    from eval.samples import LETTERS

    lines = [f"({letter}) {choice}" for letter, choice in zip(LETTERS, question.choices, strict=False)]
    return "\n".join([question.question, *lines, "Answer with the letter of the right choice."])


def _reply(arm: Arm, question: Question, answer: Answer, seconds: tuple[float, float | None]) -> Reply:
    ledger, completion = answer.prompt.ledger if answer.prompt else None, answer.completion
    sent = ledger.total if ledger and completion else 0
    return Reply(
        key="",
        arm=arm.name,
        question=question.id,
        text="" if answer.abstained else answer.text,
        abstained=answer.abstained,
        confidence=answer.confidence,
        finish=completion.finish if completion else "stop",
        passages=tuple(_passage(passage) for passage in answer.passages),
        cited=tuple(_cited(each) for sentence in answer.sentences for each in sentence.citations if each.verified),
        prompt_tokens=(completion.prompt_tokens if completion else None) or sent,
        output_tokens=(completion.output_tokens if completion else None) or 0,
        seconds=seconds[0],
        first_token=seconds[1],
        model=answer.model,
        prompt_sha256=hashlib.sha256(answer.prompt.text.encode(errors="surrogatepass")).hexdigest()
        if answer.prompt
        else "",
        error=answer.degraded or (completion.problem if completion else ""),
    )


def _passage(passage: Passage) -> Place:
    return Place(passage.source, passage.page, passage.start, passage.end)


def _cited(citation: Citation) -> Place:
    return Place(citation.source, citation.page, citation.start, citation.end)
