"""Pictures of PDF pages, with the boxes in which a quote stands: what a person needs to check a citation by eye."""

from __future__ import annotations

import io
import math
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.errors import FileFailed
from ingest.readers.pdf_forms import refuse_form_bombs
from ingest.readers.pdfium_file import PASSWORD_ERROR, opened
from ingest.readers.pypdf_file import PypdfFile
from ingest.readers.quote_search import find_quote
from ingest.unlocking import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TALLEST = 4  # times the width; a taller page is drawn smaller
PADDING = 1.0  # points around a line: pdfium's boxes end where the ink does
UPRIGHT = 3.0  # times as high as wide: not a line, but one that is set on its side
LAST_CHARACTER = 0x10FFFF

Rectangle = tuple[float, float, float, float]  # left, bottom, right and top in points


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a picture in pixels from its upper left corner."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as PNG of `width` × `height` pixels. `boxes`: the quote, line by line; none where it was not found."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


def draw_page(data: bytes, page: int, quote: str = "", near: float = 0.0, width: int = 1000) -> PagePicture:
    """The picture of a page (from 1) of the PDF in `data`, and where on it `quote` stands.

    `near` is the share of the page's text that stands before the quote, in [0, 1]: it decides where the same words
    stand twice. A file under a password is opened with the one that was given (`ingest.unlocking`). Raises `FileFailed`
    when the file or the page cannot be read, or draws beyond all measure; "encrypted" where it needs another password.
    """
    import pypdfium2

    refuse_form_bombs(data, lambda: PypdfFile(data), page - 1)
    try:
        with closing(opened(data)) as document:
            if not 1 <= page <= len(document):
                raise FileFailed("parse_error", f"it has {len(document)} pages, and page {page} was asked for")
            return _drawn(document[page - 1], quote, near, width)
    except pypdfium2.PdfiumError as error:
        if error.err_code == PASSWORD_ERROR and b"/Encrypt" in data:
            raise FileFailed("encrypted", refusal()) from error
        raise FileFailed("parse_error", f"pdfium cannot draw page {page}: {str(error).rstrip('.')}") from error


def _drawn(page: Any, quote: str, near: float, width: int) -> PagePicture:
    points = page.get_size()
    if not all(math.isfinite(size) and size > 0 for size in points):
        raise FileFailed("parse_error", f"the page has no size that can be drawn: {points[0]:g} × {points[1]:g} points")
    bitmap = page.render(scale=min(width / points[0], TALLEST * width / points[1]))
    to_pixels = bitmap.get_posconv(page).to_bitmap
    boxes = tuple(Box(*_upright(to_pixels, rectangle)) for rectangle in _joined(_rectangles(page, quote, near)))
    stream = io.BytesIO()
    bitmap.to_pil().save(stream, "PNG")
    return PagePicture(stream.getvalue(), bitmap.width, bitmap.height, boxes)


def _joined(rectangles: Iterable[Rectangle]) -> Iterator[Rectangle]:
    """Those beside each other on one line as one: pdfium begins another one wherever a font or the spacing changes."""
    line: Rectangle | None = None
    for rectangle in rectangles:
        if line and _goes_on(line, rectangle):
            line = (
                min(line[0], rectangle[0]),
                min(line[1], rectangle[1]),
                max(line[2], rectangle[2]),
                max(line[3], rectangle[3]),
            )
            continue
        if line:
            yield line
        line = rectangle
    if line:
        yield line


def _goes_on(line: Rectangle, other: Rectangle) -> bool:
    """Whether they overlap in half of the lower one's height, no further apart than the taller one is high."""
    left, bottom, right, top = line
    other_left, other_bottom, other_right, other_top = other
    heights = top - bottom, other_top - other_bottom
    if all(
        height > UPRIGHT * width
        for height, width in zip(heights, (right - left, other_right - other_left), strict=True)
    ):
        return False  # lines of a page that is set on its side
    overlap = min(top, other_top) - max(bottom, other_bottom)
    return overlap >= min(heights) / 2 and other_left - right <= max(heights) and left - other_right <= max(heights)


def _rectangles(page: Any, quote: str, near: float) -> Iterator[Rectangle]:
    """Of each line of the quote, of some lines several."""
    if not quote:
        return
    with closing(page.get_textpage()) as text:
        for start, stop in find_quote(quote, _characters(text), near):
            for number in range(text.count_rects(start, stop - start)):
                left, bottom, right, top = text.get_rect(number)
                yield left - PADDING, bottom - PADDING, right + PADDING, top + PADDING


def _characters(text: Any) -> str:
    """One character for each that pdfium counts; `get_text_range` leaves some out and so cannot be counted along."""
    import pypdfium2.raw as pdfium

    codes = (pdfium.FPDFText_GetUnicode(text, index) for index in range(text.count_chars()))
    return "".join(chr(code) if code <= LAST_CHARACTER else " " for code in codes)


def _upright(to_pixels: Any, rectangle: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in pixels; a rotated page turns which corner is which."""
    left, bottom, right, top = rectangle
    (x, y), (other_x, other_y) = to_pixels(left, top), to_pixels(right, bottom)
    return min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)
