"""What the documentation tests read from a Markdown file: fenced blocks, links and the anchors of headings."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `line` is 1-based and counts the opening fence."""

    path: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


def blocks(path: Path, language: str) -> list[Block]:
    tokens = MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8"))
    fences = [token for token in tokens if token.type == "fence" and token.info.split()[:1] == [language]]
    return [Block(path, (token.map or [0])[0] + 1, language, token.content) for token in fences]


def links(path: Path) -> list[str]:
    """Every target of a link or an image, as written."""
    targets = []
    for token in _inline_tokens(path):
        targets += [str(value) for key, value in token.attrs.items() if key in {"href", "src"}]
    return targets


def code_spans(path: Path) -> list[str]:
    """Every `code span` in running text."""
    return [token.content for token in _inline_tokens(path) if token.type == "code_inline"]


def anchors(path: Path) -> set[str]:
    """The fragments by which headings can be linked to, as code hosts make them."""
    tokens = MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8"))
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _inline_tokens(path: Path) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    return [child for token in tokens for child in token.children or []]
