"""Excel workbooks (ECMA-376) as text: a line for each row, each value with its column's name, ranges as pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.archive import Archive, attribute_of, child_of, children_of, descendants_of, name_of, opened
from ingest.readers.assembling import Assembly
from ingest.readers.drawing import paragraphs
from ingest.readers.number_formats import NumberFormat, code_of, parsed
from ingest.readers.ooxml import main_part, part_of_kind, properties, relations, unread
from ingest.readers.sheet_cells import Sheet, SheetCells, spelled_out
from ingest.readers.sheet_ranges import Block, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAIN = "xl/workbook.xml"
HIDDEN = {"hidden", "veryHidden"}


class XlsxReader:
    """Reads `.xlsx`. Each 25 rows of a table are a page, called by their cells: "Prices!A2:F26".

    Of a formula the value is read that was stored with it. Hidden sheets are not read, and counted.
    """

    suffixes = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            main = main_part(package, MAIN)
            book = package.root(main)
            if book is None:
                raise FileFailed("parse_error", f"it is no workbook: {MAIN} is missing")
            workbook = _Workbook(package, main, book)
            for name, part in workbook.visible_sheets():
                workbook.take(name, part)
            stated = properties(package)
        author = stated.get("creator")
        metadata = {"author": author} if author and author != "openpyxl" else {}
        document = workbook.assembly.document(data, source, metadata=metadata)
        return replace(document, title=stated.get("title", ""))  # the first sheet's name is none for all of them


class _Workbook:
    """Takes sheets in order."""

    def __init__(self, package: Archive, main: str, book: Element) -> None:
        self.assembly = Assembly()
        self._package = package
        self._main = main
        self._book = book
        shared = part_of_kind(package, main, "sharedStrings", "xl/sharedStrings.xml")
        strings = [_text(item) for item in package.elements(shared, depth=1)]
        forms = _formats(package, part_of_kind(package, main, "styles", "xl/styles.xml"))
        since_1904 = attribute_of(child_of(book, "workbookPr"), "date1904") in {"1", "true"}
        self._cells = SheetCells(strings, forms, since_1904=since_1904)

    def visible_sheets(self) -> Iterator[tuple[str, str]]:
        """The sheets with their parts, in the order of their tabs."""
        targets = {relation.id: relation.target for relation in relations(self._package, self._main)}
        for sheet in children_of(child_of(self._book, "sheets"), "sheet"):
            if attribute_of(sheet, "state") in HIDDEN:
                self.assembly.skipped["hidden sheet"] += 1
                continue
            reference = next((value for key, value in sheet.items() if key.endswith("}id")), "")
            if targets.get(reference) in self._package.names:
                yield attribute_of(sheet, "name"), targets[reference]

    def take(self, name: str, part: str) -> None:
        sheet = self._cells.read(self._package.elements(part, depth=2))
        self.assembly.skipped["formula without a stored value"] += sheet.without_value
        first = True
        for block in blocks(sheet, self._tables(part)):
            self._block(name, block, first=first)
            first = False
        self._drawings(name, part, sheet, first=first)

    def _block(self, name: str, block: Block, *, first: bool) -> None:
        gap = "\n\n"
        for place, lines in block.pages():
            self.assembly.begin_page(f"{name}!{place}")
            if first:
                self.assembly.head(1, name)
            self.assembly.put("\n".join(lines), gap=gap)
            first, gap = False, "\n"

    def _drawings(self, name: str, part: str, sheet: Sheet, *, first: bool) -> None:
        """Text boxes, below the cells, for they have no place among them; the rest is counted."""
        for relation in relations(self._package, part):
            if relation.kind == "comments":
                count = sum(1 for _ in self._package.elements(relation.target, depth=2)) - 1
                self.assembly.skipped["comment"] += max(count, 0)
            root = self._package.root(relation.target) if relation.kind == "drawing" else None
            if root is None:
                continue
            self.assembly.skipped.update(unread(root))
            for body in descendants_of(root, "txBody"):
                if first:
                    self.assembly.begin_page(f"{name}!{sheet.extent or 'A1'}")
                    self.assembly.head(1, name)
                    first = False
                self.assembly.put("\n".join(paragraphs(body)))

    def _tables(self, part: str) -> list[str]:
        """The ranges that the workbook itself calls tables."""
        parts = [relation.target for relation in relations(self._package, part) if relation.kind == "table"]
        roots = [self._package.root(name) for name in parts]
        return [attribute_of(root, "ref") for root in roots if attribute_of(root, "headerRowCount") != "0"]


def _text(item: Element) -> str:
    """The runs of a text, without the readings beside Japanese words."""
    texts = [child for child in item if name_of(child) == "t"]
    texts += [text for run in children_of(item, "r") for text in children_of(run, "t")]
    return spelled_out("".join(text.text or "" for text in texts))


def _formats(package: Archive, part: str) -> list[NumberFormat]:
    """The number format of each cell style, in the order in which cells refer to them."""
    root = package.root(part)
    own = children_of(child_of(root, "numFmts"), "numFmt")
    codes = {attribute_of(form, "numFmtId"): attribute_of(form, "formatCode") for form in own}
    styles = children_of(child_of(root, "cellXfs"), "xf")
    return [parsed(code_of(attribute_of(style, "numFmtId"), codes)) for style in styles]
