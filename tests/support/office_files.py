"""Presentations and workbooks for tests, made by the libraries that others make theirs with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.table import Table
from pptx import Presentation
from pptx.util import Inches

CELL = str | float | int | bool | date | None


def make_pptx(slides: Iterable[tuple[str, Sequence[str]]], notes: str = "", title: str = "") -> bytes:
    """A slide for each title and its paragraphs; `notes` go under the last."""
    deck = Presentation()
    deck.core_properties.title = title
    slide = None
    for heading, lines in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = "\n".join(lines)
    if notes and slide is not None:
        slide.notes_slide.notes_text_frame.text = notes
    return saved(deck)


def add_table(slide: Any, rows: Sequence[Sequence[str]]) -> None:
    shape = slide.shapes.add_table(len(rows), len(rows[0]), Inches(1), Inches(2), Inches(6), Inches(2))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            shape.table.cell(row, column).text = text


def make_xlsx(sheets: Mapping[str, Sequence[Sequence[CELL]]], table: str = "") -> bytes:
    """A sheet for each name and its rows; `table` is a range of the last that is made a table."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if table:
        sheet.add_table(Table(displayName="Facts", ref=table))
    return saved(book)


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()
