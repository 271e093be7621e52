"""The embedded answerer: answers in the documents' own words, or says that they do not hold the answer.

No language model: the sentences that answer are chosen by similarity, shared words and the kind of thing that is asked
for (`assistant.extraction`), and each is quoted exactly, with its place. It never invents, and a question costs one
small batch through the embedding model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.answers import Passage
from assistant.extraction.statements import Offsets
from assistant.extraction.weights import THRESHOLD
from assistant.extraction.words import spellings, topic
from ingest.documents import Document
from ingest.questions import parts

if TYPE_CHECKING:
    from assistant.extraction.candidates import Evidence
    from assistant.extraction.judging import Choice
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
    has `abstained`: it has no sentences, and `reasons` say in words what is missing. An answer that covers only a part
    of what was asked gives its reasons, too."""

    sentences: tuple[ExtractedSentence, ...]
    confidence: float
    abstained: bool
    reasons: tuple[str, ...] = ()


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
            return ExtractedAnswer((), 0.0, abstained=True, reasons=("No passage holds a sentence.",))
        asked = (question, *parts(question))
        judgements = {each: judge(each, self._embedder.embed_query(each), evidence) for each in asked}
        confidence = max(judgement.confidence for judgement in judgements.values())
        if confidence < self._threshold:
            return ExtractedAnswer((), confidence, abstained=True, reasons=tuple(_missing(question, evidence)))
        found = [judgement for judgement in judgements.values() if judgement.confidence >= self._threshold]
        unanswered = [each for each in asked[1:] if judgements[each].confidence < self._threshold]
        return ExtractedAnswer(
            tuple(_sentences(select([judgement.choices for judgement in found]), passages)),
            confidence,
            abstained=False,
            reasons=tuple(f"Nothing was found that answers “{each}”." for each in unanswered),
        )


def _missing(question: str, evidence: Evidence) -> Iterator[str]:
    """What speaks against an answer, in words."""
    seen = frozenset[str]().union(*evidence.passages)
    unseen = [word for stem, word in spellings(topic(question)).items() if stem not in seen]
    if unseen:
        quoted = ", ".join(f"“{word}”" for word in unseen)
        yield f"No passage that was found mentions {quoted}."
    yield "The nearest sentences speak of something else."


def _sentences(chosen: Sequence[Choice], passages: Sequence[Passage]) -> Iterator[ExtractedSentence]:
    """In the order given; items of one list share its lead-in, which is quoted once."""
    before: tuple[str, Offsets | None] = ("", None)
    for choice in chosen:
        statement = choice.candidate.statement
        place = (statement.document_id, statement.lead)
        lead = statement.lead if place != before else None
        before = place
        number = passages[statement.passage].number
        yield ExtractedSentence(statement.document_id, number, statement.start, statement.end, choice.probability, lead)
