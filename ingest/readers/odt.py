"""OpenDocument texts (ISO/IEC 26300) as text: paragraphs, headings, lists, tables row by row, notes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.archive import attribute_of, child_of, children_of, descendants_of, name_of, opened
from ingest.readers.assembling import Assembly
from ingest.readers.characters import clean, single_line
from ingest.readers.tables import Cell, Merged, reached, rows_of_names, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

    from ingest.readers.archive import Archive

CONTENT = "content.xml"
META = "meta.xml"
MANIFEST = "META-INF/manifest.xml"
FRAMED = (  # what a frame shows, the first that is there: a chart comes with a picture of itself
    ("object", "embedded object"),  # a formula or a chart, each a document of its own
    ("object-ole", "embedded object"),
    ("plugin", "embedded object"),
    ("image", "picture"),
)
# Never shown in the text: deleted passages, the texts of comments, what forms and variables declare.
SILENT = {
    "tracked-changes",
    "annotation",
    "annotation-end",
    "forms",
    "sequence-decls",
    "variable-decls",
    "desc",
    "title",
}
DEEPEST = 6  # heading level
WIDEST = 64  # columns that one cell may be repeated over
MOST_REPEATED = 1000  # equal rows; empty ones are repeated to the end of the sheet
SPACES = 100  # in a row


class OdtReader:
    """Reads `.odt`, as LibreOffice writes it. Footnotes stand at the end."""

    suffixes = frozenset({".odt", ".ott"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            _refuse_encrypted(package)
            if CONTENT not in package.names:
                raise FileFailed("parse_error", f"it is no OpenDocument text: {CONTENT} is missing")
            body = _Body()
            body.take(package.elements(CONTENT, depth=3))
            body.put_notes()
            fields = [field for holder in package.elements(META, depth=1) for field in holder]
            stated = {name_of(field): single_line(clean(field.text or "")) for field in fields}
        author = stated.get("creator") or stated.get("initial-creator")
        title = stated.get("title", "")
        return body.assembly.document(data, source, title=title, metadata={"author": author} if author else {})


def _refuse_encrypted(package: Archive) -> None:
    for entry in package.elements(MANIFEST, depth=1):
        if child_of(entry, "encryption-data") is not None:
            raise FileFailed("encrypted", "a password of OpenDocument opens nothing here; save a copy without it")


class _Body:
    """Takes paragraphs, lists and tables in order."""

    def __init__(self) -> None:
        self.assembly = Assembly()
        self._notes: list[str] = []

    def take(self, elements: Iterable[Element], depth: int = 0) -> None:
        """`depth` counts the lists around them."""
        for element in elements:
            match name_of(element):
                case "h":
                    self._heading(element)
                case "p":
                    self._paragraph(element)
                case "list":
                    self._list(element, depth)
                case "table":
                    self._table(element)
                case name if name not in SILENT:  # sections, indexes, frames that stand by themselves
                    if name == "frame":
                        self._count(element)
                    self.take(element, depth)

    def put_notes(self) -> None:
        """The footnotes and endnotes, after all else."""
        for note in self._notes:
            self.assembly.put(note)

    def _heading(self, element: Element) -> None:
        level = attribute_of(element, "outline-level")
        self.assembly.head(min(int(level), DEEPEST) if level.isdecimal() and int(level) else 1, self._text(element))

    def _paragraph(self, element: Element) -> None:
        self.assembly.put(self._text(element))

    def _list(self, element: Element, depth: int) -> None:
        for item in element:
            first = True
            for child in item:
                if name_of(child) == "p":
                    mark = "• " if first else "  "
                    text = self._text(child)
                    self.assembly.put(f"{'  ' * depth}{mark}{text}" if text.strip() else "", gap="\n")
                else:
                    self.take([child], depth + 1)
                first = False

    def _table(self, table: Element) -> None:
        headed = [row for holder in children_of(table, "table-header-rows") for row in children_of(holder, "table-row")]
        rows = list(_rows(table))
        reaching: dict[int, tuple[int, Cell]] = {}
        cells = [list(self._cells(row, reaching)) for row in rows]
        heads = reached(cells, sum(row in headed for row in rows))
        if not heads and len(cells) > 1 and len(cells[0]) > 2:
            heads = rows_of_names(cells)
        self.assembly.put("\n".join(table_lines(cells, heads)))

    def _cells(self, row: Element, reaching: dict[int, tuple[int, Cell]]) -> Iterator[Cell]:
        """`reaching`, kept up to date: by column, into how many rows more a cell reaches, and what it is there."""
        column = 0
        for cell in row:
            times = attribute_of(cell, "number-columns-repeated")
            repeated = min(int(times), WIDEST) if times.isdecimal() else 1
            if name_of(cell) == "table-cell":
                text = single_line(" ".join(self._text(part) for part in _paragraphs(cell)))
                _reach(cell, column, reaching)
                yield from [text] * repeated
            elif name_of(cell) == "covered-table-cell":
                yield from (_covered(at, reaching) for at in range(column, column + repeated))
            else:
                continue
            column += repeated

    def _text(self, element: Element) -> str:
        for seen in descendants_of(element, "frame", "annotation"):
            self._count(seen)
        return clean("".join(self._pieces(element))).strip()

    def _pieces(self, element: Element) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            match name_of(child):
                case "s":
                    count = attribute_of(child, "c")
                    yield " " * (min(int(count), SPACES) if count.isdecimal() else 1)
                case "tab":
                    yield "\t"
                case "line-break":
                    yield "\n"
                case "note":
                    self._note(child)
                case "frame":
                    yield from (f"\n{self._text_of_box(box)}\n" for box in children_of(child, "text-box"))
                case name if name not in SILENT:
                    yield from self._pieces(child)
            yield child.tail or ""

    def _text_of_box(self, box: Element) -> str:
        return "\n".join("".join(self._pieces(part)) for part in _paragraphs(box))

    def _note(self, note: Element) -> None:
        texts = ["".join(self._pieces(part)) for part in _paragraphs(child_of(note, "note-body"))]
        self._notes.append(single_line(" ".join(texts)))

    def _count(self, seen: Element) -> None:
        if name_of(seen) == "annotation":
            self.assembly.skipped["comment"] += 1
            return
        shown = {name_of(child) for child in seen}
        kind = next((kind for name, kind in FRAMED if name in shown), "")
        if kind:
            self.assembly.skipped[kind] += 1


def _reach(cell: Element, column: int, reaching: dict[int, tuple[int, Cell]]) -> None:
    """Notes which places below a cell it covers."""
    wide, tall = (attribute_of(cell, f"number-{which}-spanned") for which in ("columns", "rows"))
    if tall.isdecimal() and int(tall) > 1:
        width = min(int(wide), WIDEST) if wide.isdecimal() else 1
        below = [Merged.ABOVE, *[Merged.LEFT] * (width - 1)]
        reaching.update((column + at, (int(tall) - 1, each)) for at, each in enumerate(below))


def _covered(column: int, reaching: dict[int, tuple[int, Cell]]) -> Cell:
    """What a covered place is, which does not say it itself."""
    rows, cell = reaching.pop(column, (0, Merged.LEFT))
    if rows > 1:
        reaching[column] = rows - 1, cell
    return cell


def _paragraphs(element: Element | None) -> Iterator[Element]:
    """The paragraphs in a cell or a box, those in lists too."""
    for child in element if element is not None else ():
        if name_of(child) in {"p", "h"}:
            yield child
        elif name_of(child) not in SILENT:
            yield from _paragraphs(child)


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if name_of(child) == "table-row":
            times = attribute_of(child, "number-rows-repeated")
            yield from [child] * (min(int(times), MOST_REPEATED) if times.isdecimal() else 1)
        elif name_of(child) in {"table-rows", "table-header-rows", "table-row-group"}:
            yield from _rows(child)
