"""A knowledge base in memory: what packing asks of one, and documents with chunks cut by hand."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence

from ingest.documents import Chunk, Document, Hit
from ingest.embedders.hashing import HashingEmbedder


class MemoryKnowledge:
    """Stands in for `ingest.knowledge_base.KnowledgeBase` where only documents and their chunks are asked for."""

    def __init__(self, documents: Iterable[tuple[Document, Sequence[Chunk]]]) -> None:
        self._held = {document.id: (document, list(chunks)) for document, chunks in documents}
        self.store = self
        self.embedder = HashingEmbedder()
        self.asked: list[str] = []

    def document(self, document_id: str) -> Document | None:
        self.asked.append(document_id)
        return self._held[document_id][0] if document_id in self._held else None

    def chunks(self, document_id: str) -> list[Chunk]:
        return self._held[document_id][1] if document_id in self._held else []

    def forget(self, document_id: str) -> None:
        del self._held[document_id]

    def hits(self, seed: int = 0) -> list[Hit]:
        """Every chunk, in an order that follows from the seed."""
        every = [(chunk, held[0]) for held in self._held.values() for chunk in held[1]]
        random.Random(seed).shuffle(every)
        scores = [1 - rank / (len(every) + 1) for rank in range(len(every))]
        return [
            Hit(chunk, score, document.source, document.label_of(chunk.page))
            for score, (chunk, document) in zip(scores, every, strict=True)
        ]


def document_of(source: str, sections: Sequence[str], first_id: int = 0, **facts) -> tuple[Document, list[Chunk]]:
    """A document of sections, each a chunk under a heading of its own, with two line breaks between them."""
    text = "\n\n".join(sections)
    document = Document(hashlib.sha256(f"{source}\0{text}".encode(errors="replace")).hexdigest(), text, source, **facts)
    chunks, start = [], 0
    for ordinal, section in enumerate(sections):
        place = (first_id + ordinal, document.id, ordinal, start, start + len(section), section)
        chunks.append(Chunk(*place, document.page_at(start), f"Part {ordinal}"))
        start += len(section) + 2
    return document, chunks


def cut(source: str, text: str, sizes: Sequence[int], first_id: int = 0, **facts) -> tuple[Document, list[Chunk]]:
    """A document cut before words, after about so many words each in turn, as a chunker would."""
    document = Document(hashlib.sha256(f"{source}\0{text}".encode(errors="replace")).hexdigest(), text, source, **facts)
    words, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        words.append((at, at + len(word)))
        at += len(word)
    chunks: list[Chunk] = []
    begin = 0
    while begin < len(words):
        end = min(len(words), begin + sizes[len(chunks) % len(sizes)])
        start, stop = words[begin][0], words[end - 1][1]
        place = (first_id + len(chunks), document.id, len(chunks), start, stop, text[start:stop])
        chunks.append(Chunk(*place, document.page_at(start), f"Part {len(chunks) // 4}"))
        begin = end
    return document, chunks
