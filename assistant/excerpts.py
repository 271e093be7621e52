"""The beginning of a passage in words, for lists: without the marks of Markdown, where its document has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from assistant.answers import Passage

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 280  # characters
_APART = " · "  # stands where a heading, a cell or an item ended
# A row of a table; the parser knows one only below its head, and a passage may begin behind that.
_ROW = re.compile(r"^[ \t]*\|(.*)$", re.MULTILINE)
_RULE = re.compile(r"[\s:|-]*")
_TAG = re.compile(r"<[^<>]*>")
_AHEAD = "–—-:·,;"  # a cut does not leave one of these behind


def excerpt(passage: Passage, longest: int = LONGEST) -> str:
    """One line of at most so many characters, cut between words."""
    text = _words(passage.text) if _is_markdown(passage.source) else passage.text
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1].rpartition(" ")[0] or line[: longest - 2]
    return f"{cut.rstrip(_AHEAD + ' ')} …"


def _is_markdown(source: str) -> bool:
    from ingest.readers.markdown import MarkdownReader

    return PurePath(source).suffix.lower() in MarkdownReader.suffixes


def _words(text: str) -> str:
    """What a reader of the rendered text sees. A passage may begin in the middle of anything."""
    parts: list[str] = []
    apart = False
    for token in _parser().parse(_ROW.sub(_cells, text)):
        apart = apart or token.type in {"heading_close", "list_item_close", "fence", "code_block"}
        if words := _inline(token).strip():
            parts += [_APART if apart and parts else " ", words.strip(_APART)]
            apart = words.endswith(_APART.strip()) or token.type in {"fence", "code_block"}
    return "".join(parts)


def _cells(row: re.Match[str]) -> str:
    """Cells apart, and a paragraph of its own for each row."""
    if _RULE.fullmatch(row[1]):
        return ""
    cells = [cell.strip() for cell in row[1].strip().removesuffix("|").split("|")]
    return "\n" + _APART.join(filter(None, cells)) + _APART + "\n"


def _inline(token: Token) -> str:
    if token.type == "html_block":
        return _TAG.sub("", token.content)
    return "".join(_leaves(token.children)) if token.children else token.content


def _leaves(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            yield " "
        elif token.children:
            yield from _leaves(token.children)  # the words that stand for an image
        elif token.type != "html_inline":
            yield token.content


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
