"""What a reader sees, as lines for people and as JSON for scripts."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ingest.inspection import LEFT_OUT
from ingest.places import place_name
from ingest.plain import plain
from ingest.progress import shorten
from ingest.readers.pdf_tables import UNREAD
from ingest.unlocking import NEEDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.documents import Document, Span
    from ingest.inspection import Inspection, PageView

FEW_LETTERS = 0.7  # of the characters of a page; less is doubtful
SHORT = {"running_lines": "repeated", "ocr_pages": "by OCR", "ocr_confidence": "OCR sure"}  # for names of metadata
MOST_PAGES = 12  # that are listed
SNIPPET_CHARACTERS = 300
WIDTH = 96


def inspection_as_json(inspection: Inspection, chunks: int) -> dict[str, Any]:
    """One element of `ingest doctor --json`, with the first so many chunks."""
    source, document = inspection.source, inspection.document
    shown = {
        "source": source.uri,
        "outcome": source.outcome,
        "reason": source.reason,
        "size": source.size,
        "seconds": round(inspection.seconds, 3),
    }
    if document is None:
        return shown
    return {
        **shown,
        "reader": inspection.reader,
        "document": document.id,
        "title": document.title,
        "metadata": dict(document.metadata),
        "characters": len(document.text),
        "headings": len(document.headings),
        "pages": [
            {"label": page.label, "characters": page.characters, "letters": page.letters} for page in inspection.pages
        ],
        "left_out": inspection.left_out,
        "warnings": list(document.warnings),
        "chunks": len(inspection.spans),
        "first_chunks": [_chunk(document, span) for span in inspection.spans[:chunks]],
    }


def inspection_lines(inspection: Inspection, chunks: int) -> Iterator[str]:
    """The same for a person."""
    source, document = inspection.source, inspection.document
    yield f"{shorten(source.uri)}: {source.outcome}{f': {plain(source.reason)}' if source.reason else ''}"
    if document is None:
        if source.reason == NEEDED:
            yield "  hint      the same command with --password asks for it"
        return
    yield f"  reader    {inspection.reader}, {source.size:,} bytes in {inspection.seconds:.2f} s"
    if document.title:
        yield f"  title     {plain(document.title)}"
    for name, value in document.metadata.items():
        if name == UNREAD:
            continue
        yield f"  {SHORT.get(name, plain(name)):<9} {plain(str(value))}"
    yield f"  text      {len(document.text):,} characters, {_number(len(document.headings), 'heading')}"
    yield from _page_lines(inspection.pages)
    yield f"  left out  {inspection.left_out or 'nothing that this reader knows of'}"
    if UNREAD in document.metadata:
        pages = _number(int(document.metadata[UNREAD]), "page")
        yield f"  hint      {pages} may hold tables: with the extra tables, rows keep the names of their columns"
    for warning in document.warnings:
        if not warning.startswith(LEFT_OUT):
            yield f"  warning   {plain(warning)}"
    yield f"  chunks    {len(inspection.spans):,}"
    for number, span in enumerate(inspection.spans[:chunks], start=1):
        yield from _chunk_lines(number, document, span)


def _page_lines(pages: list[PageView]) -> Iterator[str]:
    """How many pages, and those that a person should look at; of the others the first."""
    if not pages[0].label and len(pages) == 1:
        yield f"  letters   {_letters(pages[0])}"
        return
    empty = sum(not page.characters for page in pages)
    yield f"  pages     {len(pages):,}{f', {empty} of them without text' if empty else ''}"
    doubtful = [number for number, page in enumerate(pages, 1) if page.characters and page.letters < FEW_LETTERS]
    listed = sorted({*doubtful[:MOST_PAGES], *range(1, min(len(pages), MOST_PAGES - len(doubtful[:MOST_PAGES])) + 1)})
    for number in listed:
        page = pages[number - 1]
        name = plain(place_name(number, page.label)) or "text"
        told = f"{page.characters:,} characters, letters {_letters(page)}" if page.characters else "no text"
        yield f"            {name}: {told}"
    if len(listed) < len(pages):
        yield f"            … {len(pages) - len(listed):,} more"


def _letters(page: PageView) -> str:
    doubt = "  ← few: a table of signs, or text that its font hides" if page.letters < FEW_LETTERS else ""
    return f"{page.letters:.0%} of what is printed{doubt}"


def _chunk_lines(number: int, document: Document, span: Span) -> Iterator[str]:
    page = document.page_at(span.start)
    place = place_name(page, document.label_of(page))
    where = ", ".join(filter(None, [place, plain(span.heading)]))
    yield f"  {number:>3}. characters {span.start:,} to {span.end:,}{f', {where}' if where else ''}"
    text = textwrap.shorten(plain(document.text[span.start : span.end]), SNIPPET_CHARACTERS, placeholder=" …")
    yield textwrap.fill(text, WIDTH, initial_indent="       ", subsequent_indent="       ")


def _chunk(document: Document, span: Span) -> dict[str, Any]:
    page = document.page_at(span.start)
    return {
        "page": page,
        "label": document.label_of(page),
        "start": span.start,
        "end": span.end,
        "heading": span.heading,
        "text": document.text[span.start : span.end],
    }


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
