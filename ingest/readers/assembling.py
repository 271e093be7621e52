"""A document put together part by part: its text, and where pages and headings begin in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ingest.documents import Document, Heading, document_id
from ingest.places import place_name
from ingest.readers.characters import clean, require_text, single_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.documents import Metadata

BLANK_LINE = "\n\n"
DEEPEST = 9  # heading level


class Assembly:
    """Takes the parts of a document in reading order.

    A page that was begun and got no text begins where the next one does. `skipped` counts, by what it is, all that a
    person would see in the file and that is not in the text: it becomes one warning.
    """

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.headings: list[Heading] = []
        self._parts: list[str] = []
        self._length = 0
        self._starts: list[int] = []
        self._labels: list[str] = []

    def begin_page(self, label: str) -> None:
        """What is put from now on stands on a new page, called `label`."""
        self._labels.append(single_line(clean(label)))

    def put(self, text: str, gap: str = BLANK_LINE) -> int:
        """Add text, `gap` after what stands there already, and return its offset. Text of white space adds nothing."""
        text = clean(text).strip("\n").rstrip()
        if not text.strip():
            return self._length
        start = self._length + (len(gap) if self._parts else 0)
        self._starts += [start] * (len(self._labels) - len(self._starts))
        self._parts.append(f"{gap}{text}" if self._parts else text)
        self._length += len(self._parts[-1])
        return start

    def head(self, level: int, title: str) -> None:
        """Add a heading on a line of its own. One of white space adds nothing."""
        title = single_line(clean(title))
        if title:
            self.mark(level, title, self.put(title))

    def mark(self, level: int, title: str, start: int) -> None:
        """Make a heading of text that was put at `start`."""
        self.headings.append(Heading(min(level, DEEPEST), single_line(clean(title)), start))

    def append(self, part: Document, level: int = 0) -> int:
        """Add the text of a document, its headings `level` levels deeper; returns how far its offsets have moved."""
        start = self.put(part.text)
        shift = start - (len(part.text) - len(part.text.lstrip("\n")))
        for heading in part.headings:
            moved = min(heading.level + level, DEEPEST), heading.title, heading.start + shift
            self.headings.append(Heading(*moved))
        return shift

    def include(self, part: Document, level: int = 0, label: str = "") -> None:
        """Add a whole document as `append` does, its pages under `label`; its warnings are left out."""
        self.begin_page(_sublabel(label, part, 1))
        shift = self.append(part, level)
        for page in range(2, len(part.labels) + 1):
            self._labels.append(_sublabel(label, part, page))
            self._starts.append(min(max(part.pages[page - 1] + shift, self._starts[-1]), self._length))

    def document(self, data: bytes, source: str, *, title: str = "", metadata: Metadata | None = None) -> Document:
        """The document of all that was put. Raises `FileFailed("empty")` where that is nothing but white space."""
        return Document(
            document_id(data),
            require_text("".join(self._parts)),
            source,
            title=single_line(clean(title)) or (self.headings[0].title if self.headings else ""),
            pages=self._pages(),
            labels=tuple(self._labels),
            headings=tuple(self.headings),
            metadata=metadata or {},
            warnings=(*self.warnings, *counted(self.skipped)),
        )

    def _pages(self) -> tuple[int, ...]:
        without_text = len(self._labels) - len(self._starts)
        return (0, *self._starts[1:], *[self._length] * without_text)[: max(1, len(self._labels))]


def _sublabel(label: str, part: Document, page: int) -> str:
    place = place_name(page, part.label_of(page))
    return f"{label}, {place}" if place else label


def counted(skipped: Mapping[str, int]) -> tuple[str, ...]:
    """One warning for all that was skipped, as "not read: 3 pictures, 1 chart"; none where nothing was.

    The keys are in the singular; their plural takes an "s" at the end of the first word.
    """
    parts = [f"{number} {_plural(what) if number > 1 else what}" for what, number in sorted(skipped.items()) if number]
    return (f"not read: {', '.join(parts)}",) if parts else ()


def _plural(what: str) -> str:
    """ "picture" → "pictures", "formula without a stored value" → "formulas without a stored value"."""
    for word in (" without ", " in ", " of ", " that "):
        head, separator, tail = what.partition(word)
        if separator:
            return f"{head}s{separator}{tail}"
    return f"{what}s"
