"""A PDF as pdfium sees it: fast and right about text, with the place and the type of every line."""

from __future__ import annotations

import ctypes
import io
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ingest.errors import FileFailed
from ingest.readers.pdf_columns import in_reading_order
from ingest.readers.pdf_parts import Entry, Line, Structure
from ingest.readers.pdfium_rows import rows_of
from ingest.readers.pdfium_unseen import any_unseen
from ingest.unlocking import given_password, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.readers.pdf_columns import Row
    from ingest.readers.pdfium_unseen import Doubts

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD, public/fpdfview.h
COPYING = 1 << 4  # bit 5 of the permission flags, ISO 32000-1 table 22
PICTURE = 0.25  # of the page
MOST_DRAWN = 50  # pages of a file, to see whether what is pale on them is seen
LETTERS_DRAWN = 150  # paths; letters as outlines
MOST_OBJECTS = 20_000  # of a page that are looked at
MOST_DOTS = 20_000_000  # a large page is drawn with fewer dots an inch
POINTS = 72.0  # an inch
SPREAD_ROWS = 2  # with wide gaps in them, at least, where there is a table
RULES = 2  # that a table has across and down, at least
THIN = 3.0  # points; what is thicker is no rule
OUTLINE_ENTRIES = 10_000
OUTLINE_DEPTH = 15


class PdfiumFile:
    """A PDF opened with pypdfium2, with the password that was given or the empty one where it is encrypted.

    Raises `FileFailed("encrypted")` when it needs another one, `FileFailed("parse_error")` when it cannot be opened.
    """

    def __init__(self, data: bytes) -> None:
        import pypdfium2

        self._error: type[Exception] = pypdfium2.PdfiumError
        self._spread: dict[int, int] = {}
        # Pages (from 1) that were read, with text where nobody sees it.
        self.beyond_edge: list[int] = []
        self.unseen: list[int] = []
        self._drawn = 0
        try:
            self._document = opened(data)
        except pypdfium2.PdfiumError as error:
            # pdfium may fail without setting its error code, which then is that of an earlier file.
            if error.err_code == PASSWORD_ERROR and b"/Encrypt" in data:
                raise FileFailed("encrypted", refusal()) from error
            raise FileFailed("parse_error", f"pdfium cannot open it: {str(error).rstrip('.')}") from error

    def __len__(self) -> int:
        return len(self._document)

    def lines(self, page: int) -> list[Line]:
        try:
            opened = self._document[page]
            text = opened.get_textpage()
        except self._error as error:
            raise FileFailed("parse_error", f"pdfium cannot read the page: {error}") from error
        try:
            rows, doubts = rows_of(text)
            self._spread[page] = sum(len(row.parts) > 1 for row in rows)
            if _any_beyond(rows, opened.get_cropbox()):
                self.beyond_edge.append(page + 1)
            if self._holds_unseen(opened, doubts):
                self.unseen.append(page + 1)
            return in_reading_order(rows)
        finally:
            text.close()
            opened.close()

    def _holds_unseen(self, page: Any, doubts: Doubts) -> bool:
        """Words below a picture are those of a scan, and to be seen in it: such pages are not drawn."""
        inkless = doubts.inkless if doubts.inkless and not self._shows_picture(page) else []
        boxes = [*doubts.pale, *inkless]
        if doubts.tiny or not boxes or self._drawn >= MOST_DRAWN:
            return doubts.tiny
        self._drawn += 1
        return any_unseen(page, boxes)

    def may_hold_table(self, page: int) -> bool:
        """Whether rows of a page that was read have gaps, and rules are drawn on it, both across and down."""
        if self._spread.get(page, 0) < SPREAD_ROWS:
            return False
        try:
            opened = self._document[page]
        except self._error:
            return False
        try:
            return _has_rules(opened)
        except self._error:
            return False
        finally:
            opened.close()

    def texts_within(self, page: int, boxes: Sequence[tuple[float, float, float, float]]) -> list[str]:
        """What stands in each box (left, bottom, right, top, in points), the lines of one parted by line ends."""
        opened = self._document[page]
        text = opened.get_textpage()
        try:
            return [text.get_text_bounded(*box) for box in boxes]
        finally:
            text.close()
            opened.close()

    def is_picture(self, page: int) -> bool:
        """Whether a picture takes up much of the page, or so many lines that they may be letters."""
        try:
            return self._shows_picture(self._document[page])
        except self._error:
            return False

    def _shows_picture(self, page: Any) -> bool:
        import pypdfium2.raw as pdfium

        width, height = page.get_size()
        pictures = strokes = 0.0
        for shape in islice(page.get_objects(max_depth=3), MOST_OBJECTS):
            left, bottom, right, top = shape.get_bounds()
            if shape.type == pdfium.FPDF_PAGEOBJ_IMAGE:
                pictures += (right - left) * (top - bottom)
            strokes += shape.type == pdfium.FPDF_PAGEOBJ_PATH
        return pictures >= PICTURE * width * height or strokes >= LETTERS_DRAWN

    def picture(self, page: int, dots_per_inch: float) -> tuple[bytes, float]:
        """The page as PNG in grey, and its dots per inch: fewer than asked for where the page is large.

        Raises `FileFailed("parse_error")` when it cannot be drawn.
        """
        try:
            opened = self._document[page]
            width, height = opened.get_size()
            scale = min(dots_per_inch / POINTS, (MOST_DOTS / max(1.0, width * height)) ** 0.5)
            picture = opened.render(scale=scale, grayscale=True).to_pil()
        except (self._error, ValueError, OverflowError) as error:
            raise FileFailed("parse_error", f"pdfium cannot draw the page: {error}") from error
        stream = io.BytesIO()
        picture.save(stream, "PNG", compress_level=1)
        return stream.getvalue(), scale * POINTS

    def structure(self) -> Structure:
        import pypdfium2.raw as pdfium

        stated = self._document.get_metadata_dict()
        labels = tuple(self._document.get_page_label(page) for page in range(len(self)))
        return Structure(
            title=stated.get("Title", ""),
            author=stated.get("Author", ""),
            labels=labels if any(labels) else (),
            outline=tuple(self._outline()),
            copying_allowed=bool(pdfium.FPDF_GetDocPermissions(self._document) & COPYING),
        )

    def _outline(self) -> Iterator[Entry]:
        for number, bookmark in enumerate(self._document.get_toc(max_depth=OUTLINE_DEPTH)):
            if number == OUTLINE_ENTRIES:
                return
            target = bookmark.get_dest()
            page = target.get_index() if target else None
            if page is not None:
                yield Entry(bookmark.level + 1, bookmark.get_title(), page)

    def close(self) -> None:
        self._document.close()


def opened(data: bytes) -> Any:
    """A document of pypdfium2, with the password that was given where it needs one. Raises `PdfiumError`."""
    import pypdfium2

    password = given_password()
    if password and b"/Encrypt" in data:
        with suppress(pypdfium2.PdfiumError):  # it may open without one all the same
            return pypdfium2.PdfDocument(data, password=password)
    return pypdfium2.PdfDocument(data)


def _any_beyond(rows: Sequence[Row], box: tuple[float, float, float, float]) -> bool:
    """Whether a piece of a row stands wholly outside what is shown of the page. One of no known place does not."""
    left, bottom, right, top = box
    return any(
        line.size
        and (
            max(line.left, line.right) < left
            or min(line.left, line.right) > right
            or max(line.top, line.bottom) < bottom
            or min(line.top, line.bottom) > top
        )
        for row in rows
        for line in row.parts
    )


def _has_rules(page: Any) -> bool:
    """Thin shapes are rules, and so are the sides of a box with an outline; a shade without one is none."""
    import pypdfium2.raw as pdfium

    across = down = 0
    fill, outline = ctypes.c_int(), ctypes.c_int()
    for shape in islice(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=2), MOST_OBJECTS):
        left, bottom, right, top = shape.get_bounds()
        wide, high = right - left > THIN, top - bottom > THIN
        if wide and high:
            pdfium.FPDFPath_GetDrawMode(shape, fill, outline)
            across, down = across + 2 * bool(outline), down + 2 * bool(outline)
        across, down = across + (wide and not high), down + (high and not wide)
        if across >= RULES and down >= RULES:
            return True
    return False
