"""PDF: text by pdfium, structure by pypdf, each in the other's place where that one fails; pictures by OCR."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.documents import Document, document_id
from ingest.errors import FileFailed
from ingest.readers.characters import clean, require_text
from ingest.readers.pdf_bombs import refuse_bombs
from ingest.readers.pdf_forms import refuse_form_bombs
from ingest.readers.pdf_layout import lay_out
from ingest.readers.pdf_outline import located
from ingest.readers.pdf_parts import PdfFile, Structure, real_title
from ingest.readers.pdf_quality import Quality, judge
from ingest.readers.pdf_running import distinct, parted
from ingest.readers.pdf_scans import DOUBTFUL, Scans, open_engine
from ingest.readers.pdf_tables import Tables
from ingest.readers.pdfium_file import PdfiumFile
from ingest.readers.pypdf_file import PypdfFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.documents import Metadata
    from ingest.readers.pdf_parts import Line

PAGES_NAMED = 12  # in one warning
RUNNING_CHARACTERS = 500  # of running heads and feet kept beside the text
END_WITHIN = 2048  # bytes from the end of a file within which it says %%EOF
TELLING_OUTLINE = 2  # entries; a single one is the title


class PdfReader:
    """Reads PDF. The warnings name pages that no library can read, that read badly, that hold no text.

    With the extra `tables` the rows of ruled tables carry the names of their columns.

    A page that is a picture is read by Tesseract where that is installed, or else by the extra `ocr`: its label ends in
    ", OCR", and the metadata hold `ocr_pages` and `ocr_confidence` (in [0, 1], over the pages).

    Raises `FileFailed`: "encrypted" when a password is needed, "needs_ocr" when no page holds text, "empty" when there
    is no page, "too_large" when a stream unpacks or a page draws beyond all measure, "parse_error" when neither library
    can open it.
    """

    suffixes = frozenset({".pdf"})

    def read(self, data: bytes, source: str) -> Document:
        with closing(_Pair(data)) as pdf:
            pages = pdf.read_pages()
            structure = pdf.structure()
            scans, tables = pdf.scans, pdf.tables
        pages, running = parted(pages)
        layout = lay_out(pages)
        outlined = len(structure.outline) >= TELLING_OUTLINE
        headings = located(structure.outline, layout.text, layout.pages) if outlined else layout.headings
        return Document(
            document_id(data),
            require_text(layout.text),
            source,
            title=real_title(clean(structure.title)) or layout.title or (headings[0].title if headings else ""),
            pages=layout.pages,
            labels=tuple(scans.label(page, label) for page, label in enumerate(_labels(structure, len(pages)), 1)),
            headings=headings,
            metadata={**_metadata(structure, running), **_ocr_metadata(scans), **tables.metadata},
            warnings=tuple(pdf.warnings),
        )


class _Pair:
    """One PDF in both libraries. pypdf opens it when it is first asked: pdfium may be all that is needed."""

    def __init__(self, data: bytes) -> None:
        refuse_bombs(data)
        self._data = data
        refuse_form_bombs(data, lambda: self._second)
        self.warnings: list[str] = []
        if b"%%EOF" not in data[-END_WITHIN:]:
            self.warnings.append("the file was cut off: some of it may be missing")
        self.scans = Scans()
        self.tables = Tables(data)
        self._poor: dict[int, Quality] = {}
        self._text = self._open()

    def _open(self) -> PdfFile:
        try:
            return PdfiumFile(self._data)
        except FileFailed as first:
            if first.outcome == "encrypted":
                raise
            try:
                len(self._second)
            except FileFailed as second:
                raise FileFailed("parse_error", f"the PDF is damaged: {first.reason}, and {second.reason}") from second
            self.warnings.append(f"{first.reason}; read by pypdf instead, which may run words together")
            return self._second

    @cached_property
    def _second(self) -> PypdfFile:
        return PypdfFile(self._data)

    def read_pages(self) -> list[list[Line]]:
        """The lines of every page, none for a page that could not be read or is blank."""
        if not len(self._text):
            raise FileFailed("empty", "the PDF has no pages")
        pages: list[list[Line]] = []
        unread: dict[int, str] = {}
        for number in range(len(self._text)):
            try:
                pages.append(self._set(self._lines(number), number))
            except FileFailed as failure:
                pages.append([])
                unread[number + 1] = failure.reason
        if len(unread) == len(pages):
            raise FileFailed("parse_error", f"no page can be read: {unread[1]}")
        blank = [number for number, page in enumerate(pages, 1) if not page and number not in unread]
        if not any(pages):
            raise FileFailed("needs_ocr", _without_text(len(pages)))
        self.warnings += [f"page {number} is left out: {reason}" for number, reason in unread.items()]
        if blank:
            self.warnings.append(f"no text on {_named(blank)}")
        self._warn_of_quality()
        self.warnings += self.tables.warnings
        return pages

    def _set(self, lines: list[Line], page: int) -> list[Line]:
        """The lines with rows of tables put together, where it is pdfium that says where things stand."""
        if not isinstance(self._text, PdfiumFile) or page + 1 in self.scans.confidence:
            return lines
        return self.tables.set(lines, self._text, page)

    def _warn_of_quality(self) -> None:
        self.warnings += [f"page {page} was not read by OCR: {reason}" for page, reason in self.scans.unread.items()]
        self.warnings += [f"page {page} reads badly: {quality.fault}" for page, quality in self._poor.items()]
        if isinstance(self._text, PdfiumFile) and self._text.beyond_edge:
            self.warnings.append(
                f"text beyond the edge, which nobody sees, was read on {_named(self._text.beyond_edge)}"
            )
        if isinstance(self._text, PdfiumFile) and self._text.unseen:
            self.warnings.append(
                f"text that nobody sees, for want of colour or size, was read on {_named(self._text.unseen)}"
            )
        read = self.scans.confidence
        if read:
            sure = f"{self.scans.mean_confidence:.0%} sure of its words"
            self.warnings.append(f"read by OCR, which was {sure}: {_named(list(read))}")
        doubtful = [page for page, confidence in read.items() if confidence < DOUBTFUL]
        if doubtful:
            self.warnings.append(f"many words are wrong, for OCR was not sure of {_named(doubtful)}")

    def _lines(self, page: int) -> list[Line]:
        """The page as the library reads it that reads it better; by OCR where both read it badly or not at all."""
        try:
            lines = self._text.lines(page)
        except FileFailed:
            if self._text is self._second:
                raise
            lines = self._second.lines(page)
        quality = _quality(lines)
        if lines and quality.is_good:
            return lines
        if lines and self._text is not self._second:
            lines, quality = self._better(page, lines, quality)
        if isinstance(self._text, PdfiumFile) and not (lines and quality.is_good):
            recognised = self.scans.read(self._text, page, garbled=bool(lines))
            if recognised:
                return recognised
        if not quality.is_good:
            self._poor[page + 1] = quality
        return lines

    def _better(self, page: int, lines: list[Line], quality: Quality) -> tuple[list[Line], Quality]:
        try:
            others = self._second.lines(page)
        except FileFailed:
            return lines, quality
        other_quality = _quality(others)
        return (others, other_quality) if others and other_quality.score > quality.score else (lines, quality)

    def structure(self) -> Structure:
        try:
            return self._second.structure()
        except FileFailed:
            pass
        try:
            return self._text.structure()
        except FileFailed as failure:
            self.warnings.append(f"its outline and page labels cannot be read: {failure.reason}")
            return Structure()

    def close(self) -> None:
        self.scans.close()
        self._text.close()


def _quality(lines: Sequence[Line]) -> Quality:
    return judge("\n".join(line.text for line in lines))


def _without_text(pages: int) -> str:
    told = f"none of its {pages} pages holds text: they are pictures, or blank"
    if open_engine() is not None:
        return told
    return (
        f"{told}. Install Tesseract (tesseract-ocr) or the extra ocr (kestrel-assistant[ocr]) and they are read by OCR"
    )


def _ocr_metadata(scans: Scans) -> Metadata:
    if not scans.confidence:
        return {}
    return {"ocr_pages": len(scans.confidence), "ocr_confidence": round(scans.mean_confidence, 3)}


def _named(pages: Sequence[int]) -> str:
    numbers = ", ".join(map(str, pages[:PAGES_NAMED]))
    more = f" and {len(pages) - PAGES_NAMED} more" if len(pages) > PAGES_NAMED else ""
    return f"page{'s' if len(pages) > 1 else ''} {numbers}{more}"


def _labels(structure: Structure, pages: int) -> tuple[str, ...]:
    """A label for each page: the one it states, else its number."""
    stated = [clean(label) for label in structure.labels[:pages]]
    return tuple(label or str(number) for number, label in enumerate(stated + [""] * (pages - len(stated)), 1))


def _metadata(structure: Structure, running: Sequence[Line]) -> Metadata:
    metadata: dict[str, str | bool] = {}
    if structure.author:
        metadata["author"] = clean(structure.author)
    if not structure.copying_allowed:
        metadata["copying_allowed"] = False
    words = " | ".join(distinct(running))
    if words:
        metadata["running_lines"] = words[:RUNNING_CHARACTERS]
    return metadata
