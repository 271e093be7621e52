"""Pages of a PDF that are pictures: read by OCR, within limits, and remembered as what they are."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from ingest.errors import FileFailed
from ingest.patience import ask_for_more_time
from ingest.places import RECOGNISED
from ingest.readers.rapid_ocr import RapidOcr
from ingest.readers.tesseract import Tesseract

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.readers.ocr import Engine
    from ingest.readers.pdf_parts import Line
    from ingest.readers.pdfium_file import PdfiumFile

ENGINES: tuple[Callable[[], Engine], ...] = (Tesseract, RapidOcr)  # the first that is installed reads
MOST_PAGES = 300  # of one file; at some 3 s each a quarter of an hour
DOUBTFUL = 0.7  # confidence on average; below, many words are wrong


def open_engine() -> Engine | None:
    """The engine that reads the pictures of a file, None where none is installed."""
    return next((opened for engine in ENGINES if (opened := engine()).is_installed()), None)


class Scans:
    """Reads pages by OCR. `confidence[page]` (from 1) is how sure it was, in [0, 1]; `unread[page]` why it failed."""

    def __init__(self) -> None:
        self.confidence: dict[int, float] = {}
        self.unread: dict[int, str] = {}
        self._tried = 0
        self._engine: Engine | None = None

    def read(self, file: PdfiumFile, page: int, *, garbled: bool = False) -> list[Line]:
        """The lines of a page (from 0); none where it is no picture, or where there is no OCR.

        A page whose text is `garbled` need not be a picture: what it shows can be read all the same.
        """
        if not (garbled or file.is_picture(page)):
            return []
        self._engine = self._engine or open_engine()
        if self._engine is None:
            return []
        self._tried += 1
        if self._tried > MOST_PAGES:
            self.unread[page + 1] = f"OCR reads {MOST_PAGES} pages of a file"
            return []
        ask_for_more_time()
        try:
            found = self._engine.recognise(*file.picture(page, self._engine.dots_per_inch))
        except FileFailed as failure:
            self.unread[page + 1] = failure.reason
            return []
        if found.lines:
            self.confidence[page + 1] = found.confidence
        return list(found.lines)

    def label(self, page: int, label: str) -> str:
        """The label of a page (from 1) says that its words come from OCR."""
        return f"{label}{RECOGNISED}" if page in self.confidence else label

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    @property
    def mean_confidence(self) -> float:
        return mean(self.confidence.values())
