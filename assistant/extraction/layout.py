"""What stands where in a part of a document: headings, prose, list items, facts, table rows, code.

`ingest.lines` says which lines belong together; here each such block gets a kind, page numbers and rules are dropped,
and a sentence that a page break cut in two is joined again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ingest.documents import Document
from ingest.lines import blocks

Kind = Literal["heading", "prose", "item", "fact", "row", "code"]

HEADING_WORDS = 14  # a longer line without a full stop is taken for prose

BULLET = re.compile(r"(?:[•◦▪‣●○■□·➢✓*+–—-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{2,5}[.)])\s+\S")
_CELLS = re.compile(r"\s\|\s|^\||\t|\S {3,}\S")
_FACT = re.compile(r"(?=[^:]*[a-z])[A-Z][\w ,/&()'’-]{1,40}: \S[^:]*")  # "Location: Anywhere"; not "SECTION: Title"
_FURNITURE = re.compile(r"(?:page\s+)?[\divxlc]{1,6}(?:\s*(?:of|/|\|)\s*\d{1,5})?", re.IGNORECASE)
_WORD = re.compile(r"\w")
_ENDED = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")
_OPENS = re.compile(r"[^a-zß-ÿа-я,;]")
_LAST_LINE = re.compile(r"[^\n]*\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document's text that belongs together; offsets without surrounding white space."""

    kind: Kind
    start: int
    end: int


def layout(document: Document, start: int, end: int) -> list[Part]:
    """The parts of document.text[start:end] in order; both offsets should lie at the borders of lines."""
    text = document.text[start:end]
    titles = {heading.start for heading in document.headings if start <= heading.start < end}
    found = [(start + block.start, start + block.end, block.whole) for block in blocks(text)]
    parts: list[Part] = []
    for index, (begin, stop, whole) in enumerate(found):
        words = document.text[begin:stop]
        if not _WORD.search(words) or _FURNITURE.fullmatch(words):
            continue
        following = document.text[found[index + 1][0]] if index + 1 < len(found) else ""
        kind = "heading" if begin in titles else _kind(words, following, whole=whole)
        if parts and kind == parts[-1].kind == "prose" and _is_cut(document.text, parts[-1], words):
            parts[-1] = Part("prose", parts[-1].start, stop)
        else:
            parts.append(Part(kind, begin, stop))
    return parts


def _kind(words: str, following: str, *, whole: bool) -> Kind:
    """`following` is the first character of the next block, "" at the end."""
    if words.startswith("#") and whole:
        return "heading"
    if _CELLS.search(words) and "\n" not in words:
        return "row"
    if whole:
        return "code"
    if BULLET.match(words):
        return "item"
    if all(_FACT.fullmatch(line) for line in words.split("\n")):
        return "fact"
    if "\n" in words or _ENDED.search(words) or not _OPENS.match(words):
        return "prose"
    short = len(words.split()) <= HEADING_WORDS and ";" not in words and not words.endswith(",")
    return "heading" if short and following and _OPENS.match(following) else "prose"


def _is_cut(text: str, part: Part, words: str) -> bool:
    """Whether `words` go on with a sentence that the part before left open: a page or column ended in between."""
    if _ENDED.search(text, part.start, part.end):
        return False
    return not _OPENS.match(words) or "\n" in text[part.start : part.end]
