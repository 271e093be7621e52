"""Questions to evidence: which passages of which documents a question is answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.answers import Passage
from assistant.stopwatch import Stopwatch
from ingest.documents import Document, Filter, Hit

if TYPE_CHECKING:
    from ingest.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Evidence:
    """Numbered passages, best first, and the documents they stand in, by id."""

    passages: tuple[Passage, ...]
    documents: Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, how many hits are wanted, and what the search is limited to."""

    text: str
    k: int
    only: Filter | None = None


class Retriever(Protocol):
    """Finds the chunks that fit a question best, best first."""

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]: ...


class Reranker(Protocol):
    """Orders hits anew, best first, by a closer look at each than a search can afford."""

    depth: int  # hits that are looked at, where there are so many

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]: ...


class HybridRetriever:
    """By meaning and by words together: the search of the knowledge base itself."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        return self._knowledge.search(question, k, only)


def retrieve(
    retriever: Retriever, reranker: Reranker | None, query: Query, watch: Stopwatch | None = None
) -> list[Hit]:
    """The best hits of a search, after a second look where there is a reranker. `watch` gets both stages apart."""
    watch = watch or Stopwatch()
    with watch.stage("search"):
        hits = retriever.retrieve(query.text, max(query.k, reranker.depth if reranker else 0), query.only)
    if reranker:
        with watch.stage("rerank"):
            hits = reranker.rerank(query.text, hits)
    return hits[: query.k]


def gather(knowledge: KnowledgeBase, hits: Sequence[Hit]) -> Evidence:
    """Number the hits from 1 and fetch their documents. Those whose document has been replaced since are left out."""
    found = {hit.chunk.document_id: knowledge.document(hit.chunk.document_id) for hit in hits}
    documents = {identity: document for identity, document in found.items() if document}
    return Evidence(numbered([hit for hit in hits if hit.chunk.document_id in documents]), documents)


def numbered(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Hits as the passages of an answer, numbered from 1."""
    return tuple(
        Passage(
            number,
            hit.chunk.document_id,
            hit.source,
            hit.chunk.page,
            hit.chunk.start,
            hit.chunk.end,
            hit.chunk.text,
            hit.score,
            hit.label,
        )
        for number, hit in enumerate(hits, start=1)
    )
