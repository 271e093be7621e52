"""A citation in its surroundings: what stands before and after the quote."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.answers import Citation
from ingest.documents import Document

CHARACTERS = 240  # shown on each side
_PARAGRAPH = "\n\n"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`before + quote + after` is one stretch of the text. `near` is the share of the page before the quote."""

    before: str
    quote: str
    after: str
    near: float


def surroundings(document: Document, citation: Citation) -> Surroundings:
    """What stands around a verified citation, from the border of a paragraph where one is near."""
    text = document.text
    start = _back(text, citation.start)
    end = _on(text, citation.end)
    page_start, page_end = _page(document, citation)
    near = (citation.start - page_start) / max(1, page_end - page_start)
    return Surroundings(
        text[start : citation.start], text[citation.start : citation.end], text[citation.end : end], near
    )


def _back(text: str, place: int) -> int:
    first = max(0, place - CHARACTERS)
    border = text.find(_PARAGRAPH, first, place)
    return border + len(_PARAGRAPH) if first and 0 <= border < place - CHARACTERS // 2 else first


def _on(text: str, place: int) -> int:
    last = min(len(text), place + CHARACTERS)
    border = text.rfind(_PARAGRAPH, place, last)
    return border if last < len(text) and border > place + CHARACTERS // 2 else last


def _page(document: Document, citation: Citation) -> tuple[int, int]:
    starts = [*document.pages, len(document.text)] if document.pages else [0, len(document.text)]
    number = min(max(citation.page, 1), len(starts) - 1)
    return starts[number - 1], starts[number]
