"""Evidence to answers: what every way of answering has in common, and the way that needs no model server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from assistant.answers import Answer, Sentence, Turn
from assistant.citing import cite
from assistant.followups import standalone
from assistant.prompts import REFUSAL
from assistant.retrieval import gather
from ingest.documents import Document, Hit

if TYPE_CHECKING:
    from assistant.llms.extractive import ExtractedSentence
    from assistant.packing import PackingOptions
    from assistant.protocols import LLM
    from assistant.retrieval import Evidence
    from assistant.stopwatch import Stopwatch
    from ingest.knowledge_base import KnowledgeBase

PASSAGES = 10  # that an extractive answer is chosen from
SEARCHES = 3  # at most for one question, where documents are replaced between finding and reading them

Search = Callable[[int], Sequence[Hit]]  # the k hits that fit the question best
Response = Generator[str, None, Answer]  # an answer piece by piece, and what it was in the end


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question as it was asked, as it was searched for, and what was said before it."""

    question: str
    searched_for: str
    history: tuple[Turn, ...] = ()
    insist: bool = False  # give the nearest sentences, also where they are too little for an answer


class Answerer(Protocol):
    """Answers questions from what a search finds and from nothing else, or abstains."""

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """The question as it should be searched for, where it leans on what was said before."""
        ...

    def respond(self, inquiry: Inquiry, search: Search, watch: Stopwatch) -> Response:
        """`search` is called for as many hits as can be made use of. Closing the response cancels it."""
        ...

    def summarise(self, document: Document, source: str, sentences: int) -> Answer:
        """What a document says, in at most so many sentences, each with its place."""
        ...


def open_answerer(llm: str | LLM, knowledge: KnowledgeBase, packing: PackingOptions | None = None) -> Answerer:
    """The answerer of a specification: "extractive", or a model server's ("tgi:URL", "openai:URL#model", …).

    `packing` says how a served model's window is filled.
    """
    extractive = ExtractiveAnswering(knowledge)
    model = opened_model(llm)
    if isinstance(model, str):
        return extractive
    from assistant.generating import GenerativeAnswering

    return GenerativeAnswering(knowledge, model, extractive, packing)


def opened_model(llm: str | LLM) -> Literal["extractive"] | LLM:
    """The model of a specification. One that is open already is left as it is, as is the built-in answerer."""
    if llm == "extractive":
        return "extractive"
    from assistant.llms import open_llm

    return open_llm(llm) if isinstance(llm, str) else llm


class AnswerStream:
    """An answer as it comes, piece by piece; `answer` is the whole, once the pieces are through."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._answer: Answer | None = None

    def __iter__(self) -> AnswerStream:
        return self

    def __next__(self) -> str:
        try:
            return next(self._response)
        except StopIteration as end:
            self._answer = end.value or self._answer
            raise StopIteration from None

    @property
    def answer(self) -> Answer:
        """Raises `RuntimeError` before the stream has ended."""
        if self._answer is None:
            raise RuntimeError("The answer is not there yet: read the stream to its end.")
        return self._answer

    def close(self) -> None:
        """Cancels what is still being written."""
        self._response.close()


class ExtractiveAnswering:
    """Answers in the documents' own words. Every sentence is a stretch of a document, so every citation is exact."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        return standalone(question, history)

    def respond(self, inquiry: Inquiry, search: Search, watch: Stopwatch) -> Response:
        evidence = self._evidence(search)
        with watch.stage("generate"):
            answer = self._answer(inquiry, evidence)
        yield answer.text
        return answer

    def summarise(self, document: Document, source: str, sentences: int) -> Answer:
        from assistant.central_sentences import central_sentences

        return central_sentences(self._knowledge, document, source, sentences)

    def _evidence(self, search: Search) -> Evidence:
        """What is found, searched for anew where a document was replaced before it could be read."""
        for attempt in itertools.count(1):
            hits = search(PASSAGES)
            evidence = gather(self._knowledge, hits)
            if len(evidence.passages) == len(hits) or attempt == SEARCHES:
                return evidence
        raise AssertionError("counting does not end")

    def _answer(self, inquiry: Inquiry, evidence: Evidence) -> Answer:
        from assistant.extraction.weights import THRESHOLD
        from assistant.llms.extractive import ExtractiveAnswerer

        answerer = ExtractiveAnswerer(self._knowledge.embedder, 0.0 if inquiry.insist else THRESHOLD)
        extracted = answerer.answer(inquiry.searched_for, evidence.passages, evidence.documents)
        sentences = () if extracted.abstained else tuple(_sentence(each, evidence) for each in extracted.sentences)
        return Answer(
            question=inquiry.searched_for,
            text=REFUSAL if extracted.abstained else " ".join(sentence.text for sentence in sentences),
            sentences=sentences,
            abstained=extracted.abstained,
            confidence=extracted.confidence,
            passages=evidence.passages,
            model="extractive",
        )


def _sentence(extracted: ExtractedSentence, evidence: Evidence) -> Sentence:
    """The stretch of the document as it reads, and where it stands: its lead first, where it needs one."""
    document = evidence.documents[extracted.document_id]
    source = evidence.passages[extracted.passage - 1].source
    places = [extracted.lead] if extracted.lead else []
    places.append((extracted.start, extracted.end))
    citations = tuple(cite(document, source, extracted.passage, start, end) for start, end in places)
    return Sentence(" ".join(" ".join(citation.quote.split()) for citation in citations), citations, "supported")
