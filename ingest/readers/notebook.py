"""Jupyter notebooks (nbformat 3 and 4) as text: each cell a page, with prose, code and what it printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.assembling import Assembly
from ingest.readers.characters import require_text
from ingest.readers.decoding import decode
from ingest.readers.html import HtmlReader
from ingest.readers.markdown import MarkdownReader

PLAIN = "text/plain"
HTML = "text/html"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours of a terminal, ECMA-48 5.4
_EMPTY_FIGURE = re.compile(
    r"<[\w.]+(?: [^<>]*)?>"
)  # how Python shows an object that has no text: "<Figure size 640x480>"


class NotebookReader:
    """Reads `.ipynb`. Cells are called "cell 3", counted from the top; pictures that a cell drew are counted."""

    suffixes = frozenset({".ipynb"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        try:
            book = json.loads(require_text(decoded.text))
        except (ValueError, RecursionError) as error:
            raise FileFailed("parse_error", f"it is no notebook: {error or 'nested too deeply'}") from error
        cells = _cells(book)
        if cells is None:
            raise FileFailed("parse_error", "it is no notebook: it has no list of cells")
        writer = _Writer()
        writer.assembly.warnings.extend(decoded.warnings)
        for number, cell in enumerate(cells, start=1):
            writer.take(number, cell)
        return writer.assembly.document(data, source)


def _cells(book: Any) -> list[dict[str, Any]] | None:
    """All cells in order; nbformat 3 keeps them in worksheets."""
    if not isinstance(book, dict):
        return None
    sheets = book.get("worksheets")
    holders = sheets if isinstance(sheets, list) else [book]
    found = [holder.get("cells") for holder in holders if isinstance(holder, dict)]
    lists = [cells for cells in found if isinstance(cells, list)]
    if len(lists) < len(holders):
        return None
    return [cell for cells in lists for cell in cells if isinstance(cell, dict)]


class _Writer:
    """Takes cells in order."""

    def __init__(self) -> None:
        self.assembly = Assembly()

    def take(self, number: int, cell: Mapping[str, Any]) -> None:
        self.assembly.begin_page(f"cell {number}")
        source = _joined(cell.get("source", cell.get("input", "")))
        match cell.get("cell_type"):
            case "markdown" if source.strip():
                self.assembly.append(MarkdownReader().read(source.encode("utf-8", "replace"), ""))
            case "heading" if source.strip():  # of nbformat 3
                level = cell.get("level")
                self.assembly.head(level if isinstance(level, int) and level > 0 else 1, source)
            case _:
                self.assembly.put(source)
        attachments = cell.get("attachments")
        self.assembly.skipped["picture"] += len(attachments) if isinstance(attachments, dict) else 0
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                self._output(output)

    def _output(self, output: Mapping[str, Any]) -> None:
        """What a cell printed or showed, of the forms of one thing the one that is text."""
        text = _joined(output.get("text", ""))
        if output.get("output_type") in ("error", "pyerr"):
            text = f"{output.get('ename', '')}: {output.get('evalue', '')}"
        shown = output.get("data")
        forms = dict(shown) if isinstance(shown, dict) else {}
        plain = text or _joined(forms.pop(PLAIN, ""))
        drawn = next((_DRAWN[kind] for kind in _kinds(forms) if kind in _DRAWN), "")
        if drawn and (not plain.strip() or _EMPTY_FIGURE.fullmatch(plain.strip())):
            self.assembly.skipped[drawn] += 1
            return
        self.assembly.skipped[drawn] += bool(drawn)
        self.assembly.put(_ESCAPES.sub("", plain if plain.strip() else _html(_joined(forms.get(HTML, "")))))


_DRAWN = {"image": "picture", "video": "video", "audio": "sound", "application": "interactive view"}


def _kinds(forms: Iterable[str]) -> Iterator[str]:
    for form in forms:
        kind = str(form).partition("/")[0]
        if str(form) not in {"application/json", "application/javascript"}:
            yield kind


def _html(markup: str) -> str:
    """The text of an output that is given as HTML alone, "" where it shows none."""
    if not markup.strip():
        return ""
    try:
        return HtmlReader().read(markup.encode("utf-8", "replace"), "").text
    except FileFailed:
        return ""


def _joined(source: Any) -> str:
    """Text is kept as one string or as a list of lines."""
    if isinstance(source, list):
        return "".join(str(line) for line in source)
    return source if isinstance(source, str) else ""
