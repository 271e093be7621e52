"""DrawingML, the text and tables in the shapes of slides and sheets (ECMA-376 part 1, 21.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.readers.archive import attribute_of, child_of, children_of, name_of
from ingest.readers.characters import clean, single_line
from ingest.readers.tables import Cell, Merged, looks_like_names, reached, rows_of_names, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

RUNNING_FIELDS = ("slidenum", "datetime")  # beginnings of types; what they show changes with the day and the slide
YES = {"1", "true", "on"}


def paragraphs(body: Element | None) -> list[str]:
    """The paragraphs of a text body that hold anything; those of a lower level are items under the one above."""
    texts = []
    for paragraph in children_of(body, "p"):
        text = clean("".join(_runs(paragraph))).strip()
        level = attribute_of(child_of(paragraph, "pPr"), "lvl")
        depth = min(int(level), 8) if level.isdecimal() else 0
        if text:
            texts.append(f"{'  ' * (depth - 1)}• {text}" if depth else text)
    return texts


def table_text(table: Element) -> str:
    """The rows of `a:tbl` as lines, each value with the name of its column where the first row is set apart or looks so
    (Google Slides marks none)."""
    cells = [list(_cells(row)) for row in children_of(table, "tr")]
    if not cells:
        return ""
    apart = attribute_of(child_of(table, "tblPr"), "firstRow") in YES
    heads = reached(cells, 1) if looks_like_names(cells) else rows_of_names(cells) if apart else 0
    return "\n".join(table_lines(cells, heads))


def _runs(paragraph: Element) -> Iterator[str]:
    for child in paragraph:
        match name_of(child):
            case "r" | "fld" if not attribute_of(child, "type").startswith(RUNNING_FIELDS):
                text = child_of(child, "t")
                yield (text.text or "") if text is not None else ""
            case "br":
                yield "\n"


def _cells(row: Element) -> Iterator[Cell]:
    for cell in children_of(row, "tc"):
        if attribute_of(cell, "vMerge") in YES:
            yield Merged.ABOVE
        elif attribute_of(cell, "hMerge") in YES:
            yield Merged.LEFT
        else:
            yield single_line(" ".join(paragraphs(child_of(cell, "txBody"))))
