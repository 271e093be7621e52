"""A PDF as pdfium sees it: fast and right about text, with the place and the type of every line."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ingest.errors import FileFailed
from ingest.readers.pdf_columns import Row, in_reading_order
from ingest.readers.pdf_parts import Entry, Line, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD, public/fpdfview.h
COPYING = 1 << 4  # bit 5 of the permission flags, ISO 32000-1 table 22
SEMIBOLD = 600
SPACE = 0x20
GUTTER = 1.0  # times the size of the type: wider gaps may part columns
DROP_CAP = 1.6  # times the size of the line it begins, at least; small capitals are set at 0.7 to 0.8 of it
OUTLINE_ENTRIES = 10_000
OUTLINE_DEPTH = 15


class PdfiumFile:
    """A PDF opened with pypdfium2, with the empty password where it is encrypted.

    Raises `FileFailed("encrypted")` when it needs another one, `FileFailed("parse_error")` when it cannot be opened.
    """

    def __init__(self, data: bytes) -> None:
        import pypdfium2

        self._error: type[Exception] = pypdfium2.PdfiumError
        try:
            self._document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            # pdfium may fail without setting its error code, which then is that of an earlier file.
            if error.err_code == PASSWORD_ERROR and b"/Encrypt" in data:
                raise FileFailed("encrypted", "it needs a password") from error
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
            return in_reading_order(list(_rows(text)))
        finally:
            text.close()
            opened.close()

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


def _rows(page: Any) -> Iterator[Row]:
    """The rows of a pdfium text page. Measuring both ends of each takes a third as long as extracting the text."""
    ruler = _Ruler(page)
    start = 0  # in UTF-16 units, as pdfium counts
    for raw in page.get_text_range().split("\r\n"):
        text = raw.strip()
        if text:
            yield ruler.row(text, start + len(raw) - len(raw.lstrip()))
        start += _units(raw) + 2


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class _Ruler:
    """Measures characters of one text page, with the structures that pdfium fills made once."""

    def __init__(self, page: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._page = page
        self._matrix = pdfium.FS_MATRIX()
        self._box = pdfium.FS_RECTF()
        self._name, self._flags = ctypes.create_string_buffer(64), ctypes.c_int()

    def row(self, text: str, first: int) -> Row:
        """`first` is where the text of the row begins in that of the page, in UTF-16 units."""
        whole = self._line(text, first)
        if len(text) != _units(text) or not whole.size:
            return Row(whole, (whole,))
        cuts = [0, *self._cuts(first, len(text), GUTTER * whole.size), len(text)]
        if len(cuts) == 2:
            return Row(whole, (whole,))
        pieces = ((text[begin:end], first + begin) for begin, end in pairwise(cuts))
        return Row(whole, tuple(self._line(piece.strip(), start) for piece, start in pieces if piece.strip()))

    def _line(self, text: str, first: int) -> Line:
        begin = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, first)
        end = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, first + _units(text) - 1)
        if begin < 0 or end < 0:
            return Line(text)
        size, last_size = self._size(begin), self._size(end)
        if size > DROP_CAP * last_size:
            size = last_size
        bold = self._is_bold(begin) and self._is_bold(end)
        left, top, _, _ = self._extent(begin)
        _, _, right, bottom = self._extent(end)
        return Line(text, round(size, 1), bold, top, bottom, left, right)

    def _cuts(self, first: int, length: int, gutter: float) -> Iterator[int]:
        """Where in the text characters stand that follow a gap of at least `gutter` points."""
        begin = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, first)
        end = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, first + length - 1)
        # Pieces are drawn apart; a row that is drawn in one needs no look at its characters.
        if begin < 0 or self._pdfium.FPDFText_CountRects(self._page, begin, end + 1 - begin) < 2:
            return
        reached = self._extent(begin)[2]
        for character in range(begin + 1, end + 1):
            left, _, right, _ = self._extent(character)
            if right <= left or self._pdfium.FPDFText_IsGenerated(self._page, character) == 1:
                continue  # a space that pdfium put in stands nowhere
            if self._pdfium.FPDFText_GetUnicode(self._page, character) == SPACE:
                continue
            if left - reached >= gutter:
                yield self._pdfium.FPDFText_GetTextIndexFromCharIndex(self._page, character) - first
            reached = max(reached, right)

    def _size(self, character: int) -> float:
        """The size as printed: the font's, scaled by the matrix under which it is drawn."""
        self._pdfium.FPDFText_GetMatrix(self._page, character, self._matrix)
        scale = (self._matrix.b**2 + self._matrix.d**2) ** 0.5
        return float(self._pdfium.FPDFText_GetFontSize(self._page, character) * scale)

    def _is_bold(self, character: int) -> bool:
        """By the font's weight, or by its name: the 14 standard fonts state no weight."""
        if self._pdfium.FPDFText_GetFontWeight(self._page, character) >= SEMIBOLD:
            return True
        self._pdfium.FPDFText_GetFontInfo(self._page, character, self._name, len(self._name), self._flags)
        return b"Bold" in self._name.value

    def _extent(self, character: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, by the font's own height: its lines are evenly spaced whatever they spell."""
        self._pdfium.FPDFText_GetLooseCharBox(self._page, character, self._box)
        return self._box.left, self._box.top, self._box.right, self._box.bottom
