"""The embedded answerer: answers in the documents' own words, or says that they do not hold the answer.

No language model: the sentences that answer are chosen by similarity, shared words and the kind of thing that is asked
for (`assistant.extraction`), and each is quoted exactly, with its place. It never invents, and a question costs one
small batch through the embedding model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.answers import Passage
from assistant.extraction.statements import Offsets
from assistant.extraction.weights import THRESHOLD
from ingest.documents import Document
from ingest.questions import parts

if TYPE_CHECKING:
    from assistant.extraction.judging import Judgement
    from ingest.protocols import Embedder


@dataclass(frozen=True, slots=True)
class ExtractedSentence:
    """text[start:end] of a document, found in the passage of that number. `lead` is quoted before it, if any: the
    lead-in of a list, the header of a table. `score`, in [0, 1], is its probability among all candidates."""

    document_id: str
    passage: int
    start: int
    end: int
    score: float
    lead: Offsets | None = None


@dataclass(frozen=True, slots=True)
class ExtractedAnswer:
    """`confidence`, in [0, 1], is the probability that the documents hold the answer. Below the threshold the answer
    has `abstained`: it has no sentences, and `reasons` say in words what is missing."""

    sentences: tuple[ExtractedSentence, ...]
    confidence: float
    abstained: bool
    reasons: tuple[str, ...] = ()


NOTHING = ExtractedAnswer((), 0.0, abstained=True, reasons=("No passage was found.",))


class ExtractiveAnswerer:
    """Chooses one to four sentences. One object may be used by several threads, as far as its embedder may."""

    def __init__(self, embedder: Embedder, threshold: float = THRESHOLD) -> None:
        self._embedder = embedder
        self._threshold = threshold

    def answer(self, question: str, passages: Sequence[Passage], documents: Mapping[str, Document]) -> ExtractedAnswer:
        """`passages` are those found, best first; `documents` holds the document of each, by its id."""
        from assistant.extraction.candidates import weigh
        from assistant.extraction.judging import judge
        from assistant.extraction.selection import select

        evidence = weigh(question, passages, documents, self._embedder)
        if not evidence.candidates:
            return NOTHING
        judgements = [judge(asked, self._embedder, evidence) for asked in (question, *parts(question))]
        best = max(judgements, key=lambda judgement: judgement.confidence)
        if best.confidence < self._threshold:
            return ExtractedAnswer((), best.confidence, abstained=True, reasons=best.reasons)
        ...
