"""Word documents (ECMA-376) as text: paragraphs, headings by style, tables row by row, notes at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.archive import Archive, attribute_of, child_of, name_of, opened
from ingest.readers.assembling import Assembly
from ingest.readers.characters import clean, single_line
from ingest.readers.ooxml import main_part, part_of_kind, properties, unread
from ingest.readers.tables import FEWEST_COLUMNS, Cell, Merged, looks_like_names, reached, rows_of_names, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from xml.etree.ElementTree import Element

MAIN = "word/document.xml"
NOTES = {"footnotes": "word/footnotes.xml", "endnotes": "word/endnotes.xml"}  # by kind, with the usual name
DEEPEST = 6  # heading level
TITLE_LEVEL = 0
BODY_LEVEL = 9  # w:outlineLvl of plain text, ECMA-376 part 1, 17.3.1.20
LONGEST_INHERITANCE = 32  # styles; Word allows 11, and a circle has no end
FIRST_ROW = 0x0020  # bit of w:tblLook that sets the first row apart, ECMA-376 part 4, 2.4.51
SILENT = {"pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr", "delText", "instrText", "Fallback"}  # never shown as text
SPOKEN = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}

_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)


class DocxReader:
    """Reads `.docx`. A paragraph is a heading when its style, or the paragraph itself, has an outline level."""

    suffixes = frozenset({".docx", ".docm", ".dotx", ".dotm"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            main = main_part(package, MAIN)
            if main not in package.names:
                raise FileFailed("parse_error", f"it is no Word document: {MAIN} is missing")
            body = _Body(_style_levels(package, part_of_kind(package, main, "styles", "word/styles.xml")))
            body.take(package.elements(main, depth=2))
            for kind, usual in NOTES.items():
                body.take(package.elements(part_of_kind(package, main, kind, usual), depth=2))
            stated = properties(package)
        author = stated.get("creator")
        title = stated.get("title") or body.title
        return body.assembly.document(data, source, title=title, metadata={"author": author} if author else {})


class _Body:
    """Takes paragraphs and tables in order. `levels` are those of paragraph styles, see `_style_levels`."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        self.assembly = Assembly()
        self.title = ""
        self._levels = levels

    def take(self, elements: Iterable[Element]) -> None:
        for element in elements:
            self.assembly.skipped.update(unread(element))
            self._take(element)

    def _take(self, element: Element) -> None:
        match name_of(element):
            case "p":
                self._paragraph(element)
            case "tbl":
                self.assembly.put("\n".join(_table(element)))
            case name if name not in SILENT:  # content controls, tracked insertions, custom markup
                for child in element:
                    self._take(child)

    def _paragraph(self, paragraph: Element) -> None:
        text = clean("".join(_runs(paragraph))).strip()
        if not text:
            return
        level = self._level(paragraph)
        listed = child_of(paragraph, "pPr", "numPr") is not None
        start = self.assembly.put(f"• {text}" if listed and level is None else text)
        if level == TITLE_LEVEL:
            self.title = self.title or single_line(text)
        elif level is not None:
            self.assembly.mark(min(level, DEEPEST), text, start)

    def _level(self, paragraph: Element) -> int | None:
        settings = child_of(paragraph, "pPr")
        own = _outline_level(settings)
        return self._levels.get(attribute_of(child_of(settings, "pStyle"), "val")) if own is None else own


def _style_levels(package: Archive, part: str) -> dict[str, int]:
    """The outline level of each paragraph style that has one, its own or inherited: 1 is the highest, 0 the title."""
    own: dict[str, int] = {}
    bases: dict[str, str] = {}
    for style in package.elements(part, depth=1):
        identifier = attribute_of(style, "styleId")
        bases[identifier] = attribute_of(child_of(style, "basedOn"), "val")
        name = attribute_of(child_of(style, "name"), "val")
        named = _HEADING_NAME.fullmatch(name)
        level = int(named[1]) if named else _outline_level(child_of(style, "pPr"))
        if name.lower() == "title":
            level = TITLE_LEVEL
        if level is not None:
            own[identifier] = level
    return {style: level for style in bases if (level := _inherited(style, own, bases)) is not None}


def _inherited(style: str, own: Mapping[str, int], bases: Mapping[str, str]) -> int | None:
    for _ in range(LONGEST_INHERITANCE):
        if style in own or style not in bases:
            break
        style = bases[style]
    return own.get(style)


def _outline_level(settings: Element | None) -> int | None:
    value = attribute_of(child_of(settings, "outlineLvl"), "val")
    return int(value) + 1 if value.isdecimal() and int(value) < BODY_LEVEL else None


def _runs(element: Element) -> Iterator[str]:
    for child in element:
        name = name_of(child)
        if name == "t":
            yield child.text or ""
        elif name in SPOKEN:
            yield SPOKEN[name]
        elif name not in SILENT:
            if name == "p":  # of a text box
                yield "\n"
            yield from _runs(child)


def _table(table: Element) -> list[str]:
    rows = list(_children(table, "tr"))
    cells = [list(_cells(row)) for row in rows]
    return table_lines(cells, _headers(table, rows, cells))


def _headers(table: Element, rows: list[Element], cells: list[list[Cell]]) -> int:
    """How many rows name the columns: those repeated on each page, or the first where its style sets it apart, or where
    it looks so (Google Docs marks none)."""
    repeated = next((n for n, row in enumerate(rows) if child_of(row, "trPr", "tblHeader") is None), len(rows))
    if repeated or not cells:
        return reached(cells, repeated)
    look = child_of(table, "tblPr", "tblLook")
    flags = attribute_of(look, "val")
    apart = attribute_of(look, "firstRow") in {"1", "true"} or bool(int(flags or "0", 16) & FIRST_ROW)
    if not apart:
        return reached(cells, int(looks_like_names(cells)))
    return rows_of_names(cells) if len(cells[0]) >= FEWEST_COLUMNS else 0


def _cells(row: Element) -> Iterator[Cell]:
    for cell in _children(row, "tc"):
        settings = child_of(cell, "tcPr")
        vertical = child_of(settings, "vMerge")
        if vertical is not None and attribute_of(vertical, "val") != "restart":
            yield Merged.ABOVE
        else:
            yield single_line(clean("".join(_runs(cell))))
        span = attribute_of(child_of(settings, "gridSpan"), "val")
        yield from [Merged.LEFT] * (min(int(span), 64) - 1 if span.isdecimal() else 0)


def _children(element: Element, name: str) -> Iterator[Element]:
    """Children of that name, also those inside a content control."""
    for child in element:
        if name_of(child) == name:
            yield child
        elif name_of(child) in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _children(child, name)
