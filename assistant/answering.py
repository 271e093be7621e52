"""Evidence to answers: what every way of answering has in common, and the way that needs no model server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from assistant.answers import Answer, Citation, Sentence

if TYPE_CHECKING:
    from assistant.llms.extractive import ExtractedSentence
    from assistant.retrieval import Evidence
    from ingest.documents import Document
    from ingest.knowledge_base import KnowledgeBase

REFUSAL = "The documents do not answer this."


class Answerer(Protocol):
    """Answers a question from evidence and from nothing else, or abstains."""

    def answer(self, question: str, evidence: Evidence) -> Answer: ...


def open_answerer(llm: str, knowledge: KnowledgeBase) -> Answerer:
    """The answerer of a specification: "extractive", or a model server's ("tgi:URL", "openai:URL#model", …)."""
    return ExtractiveAnswering(knowledge)


class ExtractiveAnswering:
    """Answers in the documents' own words. Every sentence is a stretch of a document, so every citation is exact."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def answer(self, question: str, evidence: Evidence) -> Answer:
        from assistant.llms.extractive import ExtractiveAnswerer

        answerer = ExtractiveAnswerer(self._knowledge.embedder)
        extracted = answerer.answer(question, evidence.passages, evidence.documents)
        sentences = () if extracted.abstained else tuple(_sentence(each, evidence) for each in extracted.sentences)
        return Answer(
            question=question,
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


def cite(document: Document, source: str, passage: int, start: int, end: int) -> Citation:
    """The citation of `document.text[start:end]`, which is its quote, character for character."""
    page = document.page_at(start)
    quote = document.text[start:end]
    return Citation(passage, source, page, document.label_of(page), start, end, quote, verified=True)
