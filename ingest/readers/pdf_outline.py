"""Where in the text the entries of a PDF's outline stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.documents import Heading
from ingest.readers.characters import clean, single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.readers.pdf_parts import Entry

TITLE_WORDS = 30  # of a title that are looked for


def located(outline: Sequence[Entry], text: str, pages: Sequence[int]) -> tuple[Heading, ...]:
    """Each entry as a heading at the place where its words stand on its page, at the page's beginning if they do not.

    `pages` are the offsets at which pages begin. The result ascends.
    """
    return tuple(sorted(_headings(outline, text, pages), key=lambda heading: heading.start))


def _headings(outline: Sequence[Entry], text: str, pages: Sequence[int]) -> Iterator[Heading]:
    ends = [*pages[1:], len(text)]
    after = 0  # the same words may head two sections of one page
    for entry in outline:
        title = single_line(clean(entry.title))
        if not title or entry.page >= len(pages):
            continue
        begin, end = pages[entry.page], ends[entry.page]
        start = _place(title, text, max(begin, after if after < end else begin), end)
        if start is not None:
            after = start + 1
        yield Heading(entry.level, title, begin if start is None else start)


def _place(title: str, text: str, begin: int, end: int) -> int | None:
    """The first line of the stretch that begins with the words of the title, else the first place that holds them.

    Spaces and punctuation between the words may differ: "1. Scope" stands for "1 Scope".
    """
    words = re.findall(r"\w+", title)[:TITLE_WORDS]
    if not words:
        return None
    pattern = r"[\W_]+".join(map(re.escape, words))
    for prefix in (r"^[^\w\n]*(?:[\dIVXA-Z][\dIVX.]*[.)]?[ \t]+)?", r"\b"):
        match = re.compile(f"{prefix}({pattern})", re.IGNORECASE | re.MULTILINE).search(text, begin, end)
        if match:
            return match.start()
    return None
