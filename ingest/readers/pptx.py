"""PowerPoint presentations (ECMA-376) as text: slide by slide, titles as headings, tables by row, notes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.archive import Archive, attribute_of, child_of, descendants_of, name_of, opened
from ingest.readers.assembling import Assembly
from ingest.readers.drawing import paragraphs, table_text
from ingest.readers.ooxml import main_part, properties, relations, unread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAIN = "ppt/presentation.xml"
TITLES = {"title", "ctrTitle"}
RUNNING = {"sldNum", "dt", "ftr", "hdr", "sldImg"}  # placeholders: the same on every slide, or a picture of it


class PptxReader:
    """Reads `.pptx`. Each slide is a page, called "slide 3"; hidden slides are read too, and that is said."""

    suffixes = frozenset({".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            main = main_part(package, MAIN)
            if main not in package.names:
                raise FileFailed("parse_error", f"it is no presentation: {MAIN} is missing")
            deck = _Deck(package)
            for number, part in enumerate(_slides(package, main), start=1):
                deck.take(number, part)
            stated = properties(package)
        if deck.hidden:
            deck.assembly.warnings.append(f"read though hidden in the presentation: slide {', '.join(deck.hidden)}")
        author = stated.get("creator")
        title = stated.get("title", "")
        title = "" if title == "PowerPoint Presentation" else title  # what PowerPoint calls all that has no title
        return deck.assembly.document(data, source, title=title, metadata={"author": author} if author else {})


def _slides(package: Archive, main: str) -> Iterator[str]:
    """The parts of the slides in the order in which they are shown."""
    targets = {relation.id: relation.target for relation in relations(package, main) if relation.kind == "slide"}
    listed = descendants_of(package.root(main), "sldId")
    for slide in listed:
        reference = next((value for key, value in slide.items() if key.endswith("}id")), "")
        if targets.get(reference) in package.names:
            yield targets[reference]


class _Deck:
    """Takes slides in order."""

    def __init__(self, package: Archive) -> None:
        self.assembly = Assembly()
        self.hidden: list[str] = []
        self._package = package

    def take(self, number: int, part: str) -> None:
        root = self._package.root(part)
        if attribute_of(root, "show") in {"0", "false"}:
            self.hidden.append(str(number))
        self.assembly.begin_page(f"slide {number}")
        tree = child_of(root, "cSld", "spTree")
        shapes = list(_shapes(tree)) if tree is not None else []
        for shape in sorted(shapes, key=lambda shape: _placeholder(shape) not in TITLES):  # drawn last, read first
            self._shape(shape)
        if tree is not None:
            self.assembly.skipped.update(unread(tree))
        for relation in relations(self._package, part):
            if relation.kind == "notesSlide":
                self._notes(relation.target)
            elif relation.kind == "comments":
                self.assembly.skipped["comment"] += sum(1 for _ in self._package.elements(relation.target, depth=1))

    def _shape(self, shape: Element) -> None:
        if name_of(shape) == "graphicFrame":
            for table in descendants_of(shape, "tbl"):
                self.assembly.put(table_text(table))
            return
        placeholder = _placeholder(shape)
        lines = paragraphs(child_of(shape, "txBody"))
        if placeholder in RUNNING or not lines:
            return
        if placeholder in TITLES:
            self.assembly.head(1, " ".join(lines))
        else:
            self.assembly.put("\n".join(lines))

    def _notes(self, part: str) -> None:
        shapes = descendants_of(self._package.root(part), "sp")
        bodies = [child_of(shape, "txBody") for shape in shapes if _placeholder(shape) == "body"]
        text = "\n".join(line for body in bodies for line in paragraphs(body))
        self.assembly.put(f"Notes: {text}" if text else "")


def _shapes(tree: Element) -> Iterator[Element]:
    """Shapes and frames in the order in which they are drawn, which is also what screen readers follow."""
    for child in tree:
        match name_of(child):
            case "sp" | "graphicFrame":
                yield child
            case "grpSp":
                yield from _shapes(child)
            case "AlternateContent":
                choice = child_of(child, "Choice")
                yield from _shapes(choice if choice is not None else child)


def _placeholder(shape: Element) -> str:
    """What place in the layout a shape takes ("title", "body", "ftr"), "" for one of its own."""
    place = next(descendants_of(child_of(shape, "nvSpPr", "nvPr"), "ph"), None)
    return "" if place is None else attribute_of(place, "type") or "obj"
