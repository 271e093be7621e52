"""llama-index's `SentenceSplitter` as a chunker: its borders, our token counts and exact places.

The offsets on its nodes are not used: it looks for each piece from just behind the start of the one before, so on
repetitive text they point at earlier copies (core 0.14.25, `llama_index/core/node_parser/node_utils.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ingest.chunkers.measure import Limit, positions
from ingest.chunkers.outline import Outline
from ingest.chunkers.sentence import TARGET
from ingest.documents import Span
from ingest.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.documents import Document
    from ingest.protocols import Tokens


@dataclass(frozen=True, slots=True)
class LlamaIndexChunker:
    """Fills each chunk with whole sentences up to `target` tokens, wherever headings stand. Overlap is 0."""

    tokens: Tokens
    max_tokens: int
    target: int = TARGET

    def split(self, document: Document) -> list[Span]:
        """As `Chunker.split`."""
        text = document.text
        if not text.strip():
            return []  # the splitter would return one empty piece
        outline = Outline(document)
        limit = Limit(self.tokens, self.max_tokens, document.title)
        room = limit.room({section.path for section in outline.sections})
        spans: list[Span] = []
        end = 0
        for piece in self._splitter(min(self.target, room)).split_text(text):
            start = text.index(piece, end)  # only white space lies between two pieces
            end = start + len(piece)
            spans.extend(Span(a, b, outline.path(a, b)) for a, b in _fitting(limit, text, (start, end), room))
        return spans

    def _splitter(self, size: int) -> Any:
        from llama_index.core.node_parser import SentenceSplitter

        return SentenceSplitter(
            chunk_size=size,
            chunk_overlap=0,
            tokenizer=self._count,
            chunking_tokenizer_fn=_sentences,  # its default loads nltk, which refuses hard-linked files (nltk 3.10)
        )

    def _count(self, text: str) -> Sequence[int]:
        """As many items as the text has tokens, one at least: parts without any would be repeated as overlap."""
        return range(max(1, len(positions(self.tokens, text))))


def _sentences(text: str) -> list[str]:
    """The text cut where sentences begin; joined, the parts are the text."""
    begins = [0, *(start for start, _ in sentence_spans(text)[1:]), len(text)]
    return [text[begin:end] for begin, end in pairwise(begins) if begin < end]


def _fitting(limit: Limit, text: str, span: tuple[int, int], room: int) -> Iterator[tuple[int, int]]:
    """The span, or where its tokens pass the limit when counted together, the parts it must be cut into."""
    start, end = span
    while start < end:
        cut = limit.end(text, start, end, room)
        body = text[start:cut]
        if body.strip():
            yield start + len(body) - len(body.lstrip()), start + len(body.rstrip())
        start = cut
