"""Documents cut into pieces whose lengths in tokens can be added up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.answers import Passage
from assistant.prompts import label
from ingest.documents import Chunk, Document
from ingest.places import printed_name

if TYPE_CHECKING:
    from ingest.knowledge_base import KnowledgeBase

CACHED_CHARACTERS = 20_000_000  # of document text that a shelf keeps


class Volume:
    """A document cut into pieces, one for each chunk, and what the label above a passage of it costs.

    A piece reaches from the end of the piece before, so that it begins with white space and ends without any.
    Byte-level tokenizers split before white space and never after it, so the token counts of adjacent pieces add up
    to that of the text they make. Pieces are counted when they are first asked for, and once.
    """

    def __init__(self, document: Document, chunks: Sequence[Chunk], count: Callable[[str], int]) -> None:
        self.document = document
        self.label_tokens = count(f"\n\n{label(_longest_label(document))}")
        self._count = count
        self._headings = [chunk.heading for chunk in chunks]
        self._borders = [0, *(_last_character(document.text, chunk) for chunk in chunks)]
        self._tokens: dict[int, int] = {}
        self._openings: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._headings)

    def heading(self, ordinal: int) -> str:
        return self._headings[ordinal]

    def tokens(self, ordinal: int) -> int:
        """Tokens of one piece, as the served model reads it."""
        known = self._tokens.get(ordinal)
        if known is None:
            known = self._count(self.document.text[self._borders[ordinal] : self._borders[ordinal + 1]])
            self._tokens[ordinal] = known
        return known

    def opening(self, ordinal: int) -> int:
        """Tokens that a passage costs which begins with this piece: its label, and a line break before the text."""
        known = self._openings.get(ordinal)
        if known is None:
            start, end = self.span(ordinal, ordinal)
            below_label = self._count(f"\n{self.document.text[start:end]}")
            known = self._openings[ordinal] = self.label_tokens + below_label - self.tokens(ordinal)
        return known

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The characters of the pieces from first to last, without white space around them."""
        start, end = self._borders[first], self._borders[last + 1]
        text = self.document.text
        while start < end and text[start].isspace():
            start += 1
        return start, end


class Shelf:
    """The volumes of a knowledge base that were asked for lately. Documents never change, so none goes stale."""

    def __init__(self, knowledge: KnowledgeBase, count: Callable[[str], int]) -> None:
        self._knowledge = knowledge
        self._count = count
        self._volumes: dict[str, Volume] = {}
        self._lock = threading.Lock()

    def volume(self, document_id: str) -> Volume | None:
        """None when the document was removed in the meantime."""
        with self._lock:
            if document_id in self._volumes:
                self._volumes[document_id] = self._volumes.pop(document_id)  # the latest stands last
                return self._volumes[document_id]
        document = self._knowledge.document(document_id)
        chunks = self._knowledge.store.chunks(document_id)
        if document is None or not chunks:
            return None
        volume = Volume(document, chunks, self._count)
        with self._lock:
            self._volumes[document_id] = volume
            self._evict()
        return volume

    def _evict(self) -> None:
        kept = sum(len(volume.document.text) for volume in self._volumes.values())
        while kept > CACHED_CHARACTERS and len(self._volumes) > 1:
            kept -= len(self._volumes.pop(next(iter(self._volumes))).document.text)


def _last_character(text: str, chunk: Chunk) -> int:
    """The offset after the last character of a chunk that is no white space."""
    return chunk.start + len(text[chunk.start : chunk.end].rstrip())


def _longest_label(document: Document) -> Passage:
    """A passage of the document whose label is as long as any."""
    printed = max(document.labels, key=lambda label: len(printed_name(label)), default="")
    return Passage(999, document.id, document.source, 1, 0, 0, "", 0.0, printed)
