"""A citation in its surroundings: what stands before and after the quote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.answers import Citation
from ingest.documents import Document
from ingest.lines import blocks

CHARACTERS = 240  # shown on each side, at most
_PARAGRAPH = "\n\n"
_WORD_ENDS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`before + quote + after` is one stretch of the text, to be read: line ends inside a paragraph are spaces.

    `cut_before` and `cut_after`: the text goes on there, in the middle of a paragraph. `near` is the share of the page
    before the quote.
    """

    before: str
    quote: str
    after: str
    cut_before: bool
    cut_after: bool
    near: float


def surroundings(document: Document, citation: Citation) -> Surroundings:
    """What stands around a verified citation, from the border of a paragraph, or else of a word, where one is near."""
    text = document.text
    start, cut_before = _back(text, citation.start)
    end, cut_after = _on(text, citation.end)
    page_start, page_end = _page(document, citation)
    near = (citation.start - page_start) / max(1, page_end - page_start)
    words = flowing(text[start:end])
    quote, after = citation.start - start, citation.end - start
    return Surroundings(words[:quote], words[quote:after], words[after:], cut_before, cut_after, near)


def flowing(text: str) -> str:
    """The text with a space for each line end that only ends a line: as long as before, character for character."""
    for block in blocks(text):
        if not block.whole:
            text = text[: block.start] + text[block.start : block.end].replace("\n", " ") + text[block.end :]
    return text


def _back(text: str, place: int) -> tuple[int, bool]:
    first = max(0, place - CHARACTERS)
    if first == 0:
        return 0, False
    border = text.find(_PARAGRAPH, first, place)
    if 0 <= border < place - CHARACTERS // 2:
        return border + len(_PARAGRAPH), False
    word = _WORD_ENDS.search(text, first, place)
    return word.end() if word else first, True


def _on(text: str, place: int) -> tuple[int, bool]:
    last = min(len(text), place + CHARACTERS)
    if last == len(text):
        return last, False
    border = text.rfind(_PARAGRAPH, place, last)
    if border > place + CHARACTERS // 2:
        return border, False
    *_, word = [None, *_WORD_ENDS.finditer(text, place, last)]
    return word.start() if word else last, True


def _page(document: Document, citation: Citation) -> tuple[int, int]:
    starts = [*document.pages, len(document.text)] if document.pages else [0, len(document.text)]
    number = min(max(citation.page, 1), len(starts) - 1)
    return starts[number - 1], starts[number]
