"""Word documents (ECMA-376) as text: paragraphs, headings by style, tables row by row, notes at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.documents import Document, Heading, document_id
from ingest.errors import FileFailed
from ingest.readers.characters import clean, require_text, single_line
from ingest.readers.ooxml import Package, attribute_of, child_of, name_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from xml.etree.ElementTree import Element

TEXT_PARTS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
CORE = "docProps/core.xml"
DEEPEST = 6  # heading level
TITLE_LEVEL = 0
BODY_LEVEL = 9  # w:outlineLvl of plain text, ECMA-376 part 1, 17.3.1.20
LONGEST_INHERITANCE = 32  # styles; Word allows 11, and a circle has no end
BLANK_LINE = "\n\n"
SILENT = {"pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr", "delText", "instrText", "Fallback"}  # never shown as text
SPOKEN = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}

_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)


class DocxReader:
    """Reads `.docx`. A paragraph is a heading when its style, or the paragraph itself, has an outline level."""

    suffixes = frozenset({".docx", ".docm", ".dotx"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            if TEXT_PARTS[0] not in package.names:
                raise FileFailed("parse_error", f"it is no Word document: {TEXT_PARTS[0]} is missing")
            return _read(package, data, source)


def _read(package: Package, data: bytes, source: str) -> Document:
    levels = _style_levels(package)
    properties = {name_of(field): single_line(clean(field.text or "")) for field in package.elements(CORE, depth=1)}
    headings: list[Heading] = []
    titles: list[str] = []
    parts: list[str] = []
    length = 0
    for part in TEXT_PARTS:
        for level, text in _blocks(package.elements(part, depth=2), levels):
            if level == TITLE_LEVEL:
                titles.append(single_line(text))
            elif level is not None:
                headings.append(Heading(min(level, DEEPEST), single_line(text), length))
            parts.append(text)
            length += len(text) + len(BLANK_LINE)
    author = properties.get("creator")
    return Document(
        document_id(data),
        require_text(BLANK_LINE.join(parts)),
        source,
        title=next(filter(None, [properties.get("title"), *titles, *(heading.title for heading in headings)]), ""),
        headings=tuple(headings),
        metadata={"author": author} if author else {},
    )


def _style_levels(package: Package) -> dict[str, int]:
    """The outline level of each paragraph style that has one, its own or inherited: 1 is the highest, 0 the title."""
    own: dict[str, int] = {}
    bases: dict[str, str] = {}
    for style in package.elements("word/styles.xml", depth=1):
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


def _outline_level(properties: Element | None) -> int | None:
    value = attribute_of(child_of(properties, "outlineLvl"), "val")
    return int(value) + 1 if value.isdigit() and int(value) < BODY_LEVEL else None


def _blocks(elements: Iterable[Element], levels: Mapping[str, int]) -> Iterator[tuple[int | None, str]]:
    """Paragraphs with their outline level and tables without one, those that hold no text left out."""
    for element in elements:
        match name_of(element):
            case "p":
                text = _paragraph(element)
                if text:
                    yield _level(element, levels), text
            case "tbl":
                rows = "\n".join(filter(None, map(_row, _children(element, "tr"))))
                if rows:
                    yield None, rows
            case name if name not in SILENT:  # content controls, tracked insertions, custom markup
                yield from _blocks(element, levels)


def _level(paragraph: Element, levels: Mapping[str, int]) -> int | None:
    properties = child_of(paragraph, "pPr")
    own = _outline_level(properties)
    return levels.get(attribute_of(child_of(properties, "pStyle"), "val")) if own is None else own


def _paragraph(paragraph: Element) -> str:
    text = clean("".join(_runs(paragraph))).strip()
    listed = child_of(child_of(paragraph, "pPr"), "numPr") is not None
    return f"• {text}" if listed and text else text


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


def _row(row: Element) -> str:
    cells = [single_line(clean("".join(_runs(cell)))) for cell in _children(row, "tc")]
    return " | ".join(cells) if any(cells) else ""


def _children(element: Element, name: str) -> Iterator[Element]:
    """Children of that name, also those inside a content control."""
    for child in element:
        if name_of(child) == name:
            yield child
        elif name_of(child) in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _children(child, name)
