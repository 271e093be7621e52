"""What the lines of a text are: flowing prose, or headings, list items, table rows and code that stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_HEADING = re.compile(r"\s{0,3}(?:#{1,6}\s|[=\-*_~]{3,}\s*\Z)")
_ITEM = re.compile(r"\s*(?:[-*+•▪◦●○■□‣⁃–—·]|\(?\d{1,3}[.)]|\(?[a-z][.)]|[A-Z]\)|\(?[ivx]{1,5}[.)])\s+\S")
# A record of several values, each with its name, as tables are read: "Plan: Basic; Price: $12".
_RECORD = re.compile(r"[^\s:;][^:;]{0,60}: [^;]{1,400}; [^\s:;][^:;]{0,60}: \S")
_CODE = re.compile(
    r"\s*(?:def \w+\(|class \w+.*[:{]\s*\Z|(?:public|private|protected|static|const|let|var|func|fn) .*[;{(=]\s*\Z"
    r"|(?:from \S+ )?import [\w.{*]+(?: as \w+|,.*|;| from .*)?\s*\Z|[}\])]+[;,]?\s*\Z|#include|//|/\*|\*/|@\w+\s*\Z"
    r"|</?\w+[^<]*>\s*\Z|\$ [a-z]|>>> |[\w.\[\]'\"]+ ?[-+*/|&:]?= ?\S)"
)
_CODE_INSIDE = re.compile(r"\w\(|\s=\s|->|::")  # what makes of a line that ends in ";" a statement, not a clause
_FENCE = re.compile(r"\s*(?:```|~~~)")
_GAP = re.compile(r"\S {3,}(?=\S)")
_INDENT = re.compile(r"(?:\t| {2,})\S")
_FIRST_WORD = re.compile(r"\S{1,20}")

LONGEST_ROW = 1000  # characters; a longer line is prose that was never wrapped, and is not searched for columns
FULL = 0.75  # of the usual width: a shorter line, with room for the next word, was broken on purpose


@dataclass(frozen=True, slots=True)
class Block:
    """text[start:end]: lines that belong together. `whole`: not to be split into sentences (a row, a line of code)."""

    start: int
    end: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
    kind: str  # "prose" | "item" | "heading" | "row" | "code"


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a text in order, trimmed, covering every non-space character."""
    width = _usual_width(text)
    block: Block | None = None
    last: _Line | None = None
    for line in _lines(text):
        if line is not None and block is not None and last is not None and _continues(last, line, width):
            block = replace(block, end=_trimmed(line).end)
        else:
            if block is not None:
                yield block
            block = _trimmed(line) if line is not None else None
        last = line
    if block is not None:
        yield block


def _lines(text: str) -> Iterator[_Line | None]:
    """Every line with its kind; None for a blank one."""
    start, fenced, kind = 0, False, ""
    for line in text.split("\n"):
        if not line or line.isspace():
            yield None
            kind = kind if fenced else ""
        else:
            fence = _FENCE.match(line) is not None
            kind = "code" if fence or fenced else _kind(line, kind)
            fenced ^= fence
            yield _Line(start, line, kind)
        start += len(line) + 1


def _kind(line: str, before: str) -> str:
    """What a line is by its looks; `before` is the kind of the line above it."""
    if len(line) > LONGEST_ROW:
        return "prose"
    if _HEADING.match(line):
        return "heading"
    if _is_row(line):
        return "row"
    if _is_code(line) or (before == "code" and _INDENT.match(line)):
        return "code"
    return "item" if _ITEM.match(line) or _RECORD.match(line) else "prose"


def _is_row(line: str) -> bool:
    """Whether a line has columns: bars, tabs, wide gaps, or the dot leaders of a table of contents."""
    if line.count("|") >= 2 or "\t" in line.strip() or "...." in line or ". . . ." in line:
        return True
    return len(_GAP.findall(line)) >= 2


def _is_code(line: str) -> bool:
    ending = line.rstrip()[-1]
    return bool(ending in "{}" or _CODE.match(line) or (ending == ";" and _CODE_INSIDE.search(line)))


def _continues(last: _Line, line: _Line, width: float) -> bool:
    """Whether `line` goes on with the prose of the line above, which was wrapped for want of room."""
    if line.kind != "prose" or last.kind not in ("prose", "item"):
        return False
    word = _FIRST_WORD.search(line.text)
    if word is None or word[0][0].islower():
        return True
    return len(last.text.strip()) + 1 + len(word[0]) >= FULL * width


def _usual_width(text: str) -> float:
    """The 80th percentile of the lengths of the lines that are not blank, at most 80 characters."""
    lengths = sorted(len(line) for line in text.split("\n") if line and not line.isspace())
    return min(80, lengths[len(lengths) * 4 // 5]) if lengths else 0


def _trimmed(line: _Line) -> Block:
    body = line.text.strip()
    start = line.start + line.text.index(body[0])
    return Block(start, start + len(body), whole=line.kind in ("heading", "row", "code"))
