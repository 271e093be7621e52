"""Questions to evidence: which passages of which documents a question is answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.answers import Passage
from ingest.documents import Document, Filter, Hit

if TYPE_CHECKING:
    from ingest.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Evidence:
    """Numbered passages, best first, and the documents they stand in, by id."""

    passages: tuple[Passage, ...]
    documents: Mapping[str, Document]


class Retriever(Protocol):
    """Finds the chunks that fit a question best, best first."""

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]: ...


class HybridRetriever:
    """By meaning and by words together: the search of the knowledge base itself."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        return self._knowledge.search(question, k, only)


def gather(knowledge: KnowledgeBase, hits: Sequence[Hit]) -> Evidence:
    """Number the hits from 1 and fetch their documents."""
    passages = tuple(
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
    found = {hit.chunk.document_id: knowledge.document(hit.chunk.document_id) for hit in hits}
    return Evidence(passages, {identity: document for identity, document in found.items() if document})
