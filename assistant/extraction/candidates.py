"""Statements made ready to be compared with a question: their words, and the vectors of the likely ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.answers import Passage
from assistant.extraction.statements import Statement, statements
from assistant.extraction.words import content_words, coverage, rarity, topic
from ingest.documents import Document
from ingest.questions import name_of, named

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix
    from ingest.protocols import Embedder

MOST = 24  # statements that are embedded; twice as many take twice as long and answer nothing better
LONGEST = 64  # tokens of a statement that are embedded; the rest of a long list changes its vector little


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement with its text (lead included, white space tidied) and its content words: `own`, and those of what
    stands around it (heading, title and name of the document) as well."""

    statement: Statement
    text: str
    own: frozenset[str]
    around: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is weighed for one question: candidates, their unit vectors (len(candidates), dimension), the
    content words of each passage, and how far the question names its document, in [0, 1]. `weights` are the question's
    content words with their rarity."""

    candidates: Sequence[Candidate]
    vectors: FloatMatrix
    passages: Sequence[frozenset[str]]
    named: Sequence[float]
    weights: Mapping[str, float]


def weigh(
    question: str, passages: Sequence[Passage], documents: Mapping[str, Document], embedder: Embedder
) -> Evidence:
    """Find the candidates, and embed the `MOST` likely ones, with the lists they are parts of, in one batch."""
    names = [name_of(passage.source, documents[passage.document_id].title) for passage in passages]
    found = [
        _candidate(statement, documents[statement.document_id], names[statement.passage])
        for statement in statements(passages, documents)
    ]
    held = [frozenset(content_words(f"{name} {each.text}")) for each, name in zip(passages, names, strict=True)]
    weights = rarity(dict.fromkeys(content_words(topic(question))), [candidate.own for candidate in found])
    likely = sorted(found, key=lambda candidate: -_likelihood(candidate, held, weights))[:MOST]
    wanted = {candidate.statement.place for candidate in likely}
    wanted |= {(each.statement.document_id, each.statement.whole) for each in likely if each.statement.whole}
    chosen = [candidate for candidate in found if candidate.statement.place in wanted]
    texts = [_shortened(candidate.text, embedder) for candidate in chosen]
    return Evidence(chosen, embedder.embed_documents(texts), held, named(question, names), weights)


def _candidate(statement: Statement, document: Document, name: str) -> Candidate:
    lead = document.text[slice(*statement.lead)] if statement.lead else ""
    body = document.text[statement.start : statement.end]
    own = frozenset(content_words(body))
    around = own.union(content_words(f"{name} {statement.heading} {lead}"))
    return Candidate(statement, " ".join(f"{lead} {body}".split()), own, around)


def _likelihood(candidate: Candidate, passages: Sequence[frozenset[str]], weights: Mapping[str, float]) -> float:
    """Cheap stand-in for the score: words shared with the question, and the rank of the passage for the rest."""
    passage = candidate.statement.passage
    return coverage(weights, candidate.around) + coverage(weights, passages[passage]) + 1 / (1 + passage)


def _shortened(text: str, embedder: Embedder) -> str:
    if len(text) <= LONGEST:  # no tokenizer makes more tokens than characters
        return text
    starts = embedder.tokens.starts(text)
    return text if len(starts) <= LONGEST else text[: int(starts[LONGEST])]
