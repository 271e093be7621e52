"""An answer cut into what can be checked on its own: sentences, items of lists, rows of tables, listings of code."""

from __future__ import annotations

import re

from ingest.sentences import sentence_spans

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\w")
_OPENING = re.compile(r"\s*(?:(?:[-*+•▪◦●‣–—·>]|#{1,6}|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+)+")

# How a model says that it reads: "According to the handbook, …", "The passage states that …".
_DOCUMENT = (
    r"(?:the |these |this )?(?:(?-i:[a-z]+) )?(?:documents?|passages?|handbook|texts?|polic(?:y|ies)|sources?|manual|"
    r"guide|report|article|section|context|excerpts?)"
)
_FRAME = re.compile(
    rf"(?:according to {_DOCUMENT},|{_DOCUMENT} (?:also )?(?:says?|states?|notes?|explains?|mentions?)(?: that|:))\s+",
    re.IGNORECASE,
)

Offsets = tuple[int, int]


def answer_spans(text: str) -> list[Offsets]:
    """The units of an answer as (start, end), ascending. What holds no word, such as the rule below the head of a
    table, belongs to the unit before it."""
    spans: list[Offsets] = []
    position = 0
    for fence in _FENCE.finditer(text):
        spans += _shifted(text, position, fence.start())
        spans.append((fence.start(), fence.start() + len(fence.group().rstrip())))
        position = fence.end()
    spans += _shifted(text, position, len(text))
    merged: list[Offsets] = []
    for start, end in spans:
        if merged and not _WORD.search(text, start, end):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def shown(unit: str) -> str:
    """A unit as it is shown: prose on one line, tables and code as they stand."""
    lines = unit.split("\n")
    return unit if _FENCE.match(unit) or any("|" in line for line in lines[1:]) else " ".join(unit.split())


def claim(unit: str) -> str:
    """What a unit says, without its bullet or number, the marks of a heading, the fence of a listing, or the words that
    only say where it was read."""
    if _FENCE.match(unit):
        lines = unit.strip().split("\n")
        unit = "\n".join(line for line in lines[1:] if not line.lstrip().startswith(("```", "~~~")))
    opening = _OPENING.match(unit)
    said = unit[opening.end() :] if opening else unit
    frame = _FRAME.match(said)
    return said[frame.end() :] if frame else said


def _shifted(text: str, start: int, end: int) -> list[Offsets]:
    return [(start + first, start + last) for first, last in sentence_spans(text[start:end])]
