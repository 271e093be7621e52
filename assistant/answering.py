"""Evidence to answers: what every way of answering has in common, and the way that needs no model server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from assistant.answers import Answer, Citation, Sentence

if TYPE_CHECKING:
    from assistant.llms.extractive import ExtractedAnswer, ExtractedSentence
    from assistant.retrieval import Evidence
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
