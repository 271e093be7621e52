"""What the two PDF libraries are asked for, in words of our own, so that each can stand in for the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

HYPHEN = "\ufffe"  # how pdfium marks a hyphen at the end of a line, the next line following at once


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page as it is set.

    `size` is the size of its type in points, 0 where it is not known; `top` and `bottom` are points above the foot of
    the page, `left` and `right` points from its left edge. `text` may hold `HYPHEN`.
    """

    text: str
    size: float = 0.0
    bold: bool = False
    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the outline ("bookmarks"): `level` 1 is the highest, `page` is counted from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What a PDF says of itself. `labels` is empty where pages are simply numbered."""

    title: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    outline: tuple[Entry, ...] = ()
    copying_allowed: bool = True


class PdfFile(Protocol):
    """An open PDF. Every method raises `FileFailed` when the file is too damaged for it."""

    def __len__(self) -> int:
        """The number of pages."""
        ...

    def lines(self, page: int) -> list[Line]:
        """The lines of a page, counted from 0, in reading order; none where it holds no text."""
        ...

    def structure(self) -> Structure: ...

    def close(self) -> None: ...


_NO_TITLE = re.compile(r"(untitled|title|document|slide|page|doc|presentation)[\s\d]*", re.IGNORECASE)
_FILE_NAME = re.compile(r"\S+\.(docx?|pdf|pptx?|xlsx?|indd|tex|dvi|ps|rtf|odt|html?|qxd|fm|pages)", re.IGNORECASE)


def real_title(title: str) -> str:
    """The title that a PDF states, "" where it is a file name, a number or what a program puts there unasked."""
    title = " ".join(title.replace("\0", "").split())
    title = re.sub(r"^Microsoft (Word|PowerPoint|Excel) - ", "", title)
    letters = sum(character.isalpha() for character in title)
    if _NO_TITLE.fullmatch(title) or _FILE_NAME.fullmatch(title) or letters < max(3, len(title) / 4):
        return ""
    return title
