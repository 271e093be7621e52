"""Text that nobody sees: is there any contrast where it stands? Asked only of what looks as if there were none."""

from __future__ import annotations

import ctypes
from math import ceil, floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Box = tuple[float, float, float, float]  # left, bottom, right, top in points, as pdfium has them for a page

PALE = 217  # of 255, the darkest part of a colour: from there on it may be that of the paper
OPAQUE = 26  # of 255
SMALLEST = 1.0  # point: what is set smaller is read by nobody, whatever its colour
CONTRAST = 8  # of 255, between the darkest and the lightest dot where a letter stands: less is not seen
DOTS = 2.0  # a point
MOST_DOTS = 20_000_000  # larger pages are not drawn
MOST_OBJECTS = 20_000  # nor those that take long


class Doubts:
    """The letters of one text page that may be unseen: pale, transparent, or drawn without ink. Two calls each."""

    def __init__(self, text: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._text = text
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._box = pdfium.FS_RECTF()
        self.pale: list[Box] = []
        self.inkless: list[Box] = []
        self.tiny = False

    def look(self, character: int, size: float) -> None:
        if 0 < size < SMALLEST:
            self.tiny = True
        elif self._is_inkless(character):
            self.inkless.append(self._place(character))
        elif self._is_pale(character):
            self.pale.append(self._place(character))

    def _is_inkless(self, character: int) -> bool:
        """Render mode 3, ISO 32000-1 table 106: how the words of a scan lie below its picture."""
        shape = self._pdfium.FPDFText_GetTextObject(self._text, character)
        invisible = self._pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
        return bool(shape) and self._pdfium.FPDFTextObj_GetTextRenderMode(shape) == invisible

    def _is_pale(self, character: int) -> bool:
        if not self._pdfium.FPDFText_GetFillColor(self._text, character, *self._colour):
            return False
        *colour, alpha = (part.value for part in self._colour)
        return min(colour) >= PALE or alpha < OPAQUE

    def _place(self, character: int) -> Box:
        self._pdfium.FPDFText_GetLooseCharBox(self._text, character, self._box)
        return self._box.left, self._box.bottom, self._box.right, self._box.top


def any_unseen(page: Any, boxes: Sequence[Box]) -> bool:
    """Whether the page shows nothing in one of the boxes that lie on it. One that takes long to draw is left alone."""
    import pypdfium2

    width, height = page.get_size()
    if width * height * DOTS**2 > MOST_DOTS or pypdfium2.raw.FPDFPage_CountObjects(page) > MOST_OBJECTS:
        return False
    try:
        drawn = page.render(scale=DOTS, grayscale=True).to_numpy()
    except (pypdfium2.PdfiumError, ValueError, OverflowError):  # a damaged page: what is on it cannot be told
        return False
    return any(_is_blank(drawn, _dots(page, box, drawn.shape[:2])) for box in boxes)


def _is_blank(drawn: NDArray[Any], place: tuple[int, int, int, int]) -> bool:
    left, top, right, bottom = place
    seen = drawn[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return bool(seen.size) and int(seen.max()) - int(seen.min()) < CONTRAST


def _dots(page: Any, box: Box, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a box in the picture, however the page is turned."""
    import pypdfium2.raw as pdfium

    left, bottom, right, top = box
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for place in ((left, bottom), (right, top)):
        pdfium.FPDF_PageToDevice(page, 0, 0, shape[1], shape[0], 0, *place, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    return floor(min(x0, x1)), floor(min(y0, y1)), ceil(max(x0, x1)), ceil(max(y0, y1))
