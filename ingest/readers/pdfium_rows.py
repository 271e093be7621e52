"""The rows of a page as pdfium finds them, measured: what stands on one line is put together, words are parted."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from ingest.readers.pdf_columns import Row
from ingest.readers.pdf_parts import Line
from ingest.readers.pdfium_unseen import Doubts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SPACE_WIDTH = 0.2  # times the size of the type: between letters that is a space
WIDE_LETTERS = 0.2  # of a line's letters that white follows, at most: more is a word set wide
SEMIBOLD = 600
SPACE = 0x20
GUTTER = 1.0  # times the size of the type: wider gaps may part columns
DROP_CAP = 1.6  # times the size of the line it begins, at least; small capitals are set at 0.7 to 0.8 of it
SMALL_MARK = 0.85  # times the size of the line it begins, at most: the number of a note or of the line
ONE_HEIGHT = 0.5  # of the lower of two pieces: those that overlap by more stand on one line

_MARK = re.compile(r"\d{1,4}\s?[^\W\d_]")


def rows_of(page: Any) -> tuple[list[Row], Doubts]:
    """The rows of a pdfium text page, and which letters at their ends may be unseen.

    Measuring both ends of each row takes a third as long as extracting the text.
    """
    ruler = _Ruler(page)
    return list(_joined(_rows(page, ruler))), ruler.doubts


def _rows(page: Any, ruler: _Ruler) -> Iterator[Row]:
    start = 0  # in UTF-16 units, as pdfium counts
    for raw in page.get_text_range().split("\r\n"):
        text = raw.strip()
        if text:
            yield ruler.row(text, start + len(raw) - len(raw.lstrip()))
        start += _units(raw) + 2


def _joined(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows that go on where the one before ends, on its height, put to it: pdfium begins anew at a raised digit."""
    before: Row | None = None
    for row in rows:
        if before is not None and _goes_on(before.whole, row.whole):
            before = _together(before, row)
            continue
        if before is not None:
            yield before
        before = row
    if before is not None:
        yield before


def _goes_on(before: Line, after: Line) -> bool:
    if not before.size or not after.size:
        return False
    size = max(before.size, after.size)
    common = min(before.top, after.top) - max(before.bottom, after.bottom)
    lower = min(before.top - before.bottom, after.top - after.bottom)
    return -SPACE_WIDTH * size <= after.left - before.right < GUTTER * size and common > ONE_HEIGHT * lower > 0


def _together(before: Row, after: Row) -> Row:
    part = _continued(before.parts[-1], after.parts[0])
    return Row(_continued(before.whole, after.whole), (*before.parts[:-1], part, *after.parts[1:]))


def _continued(before: Line, after: Line) -> Line:
    apart = after.left - before.right >= SPACE_WIDTH * max(before.size, after.size)
    text = f"{before.text}{' ' if apart else ''}{after.text}"
    return replace(before, text=text, bottom=after.bottom, right=after.right)


def _missing_spaces(text: str, gaps: Sequence[tuple[int, float]], width: float) -> list[int]:
    """Where words stand apart and pdfium put in no space, as between two fonts. Letters set wide are one word."""
    inside = [(place, gap) for place, gap in gaps if _is_letter(text[place - 1]) and _is_letter(text[place])]
    wide = [place for place, gap in inside if gap >= width]
    return wide if len(wide) <= WIDE_LETTERS * sum(map(str.isalpha, text)) else []


def _is_letter(character: str) -> bool:
    """Of a script that parts its words; those have capitals, or at least the ones that pdfium takes for one word."""
    return character.isupper() or character.islower()


def _spaced(text: str, places: Sequence[int]) -> str:
    inside = [place for place in places if 0 < place < len(text)]
    cuts = [0, *inside, len(text)]
    return " ".join(text[begin:end] for begin, end in pairwise(cuts)) if inside else text


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
        self.doubts = Doubts(page)
        self._name, self._flags = ctypes.create_string_buffer(64), ctypes.c_int()

    def row(self, text: str, first: int) -> Row:
        """`first` is where the text of the row begins in that of the page, in UTF-16 units."""
        whole = self._line(text, first)
        for character in {self._character(first), self._character(first + _units(text) - 1)} - {-1}:
            self.doubts.look(character, self._size(character))
        if len(text) != _units(text) or not whole.size:
            return Row(whole, (whole,))
        gaps = list(self._gaps(first, len(text)))
        spaces = [*self._after_mark(text, first), *_missing_spaces(text, gaps, SPACE_WIDTH * whole.size)]
        whole = replace(whole, text=_spaced(text, spaces))
        cuts = [0, *(place for place, gap in gaps if gap >= GUTTER * whole.size), len(text)]
        if len(cuts) == 2:
            return Row(whole, (whole,))
        parts = [
            self._part(text, first, begin, end, spaces) for begin, end in pairwise(cuts) if text[begin:end].strip()
        ]
        return Row(whole, tuple(parts))

    def _after_mark(self, text: str, first: int) -> list[int]:
        """Where the words of the row begin, if they follow the number of a note or of a line at once."""
        place = self._words(text, first)
        return [place] if place and not text[place - 1].isspace() else []

    def _words(self, text: str, first: int) -> int:
        """Where the words of the row begin: after a number that is set smaller than they are."""
        mark = _MARK.match(text)
        if not mark:
            return 0
        number, words = (self._character(first + place) for place in (0, mark.end() - 1))
        return mark.end() - 1 if self._size(number) <= SMALL_MARK * self._size(words) else 0

    def _character(self, place: int) -> int:
        """Of a place in the text, in UTF-16 units; less than 0 where no character stands."""
        return int(self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, place))

    def _part(self, text: str, first: int, begin: int, end: int, spaces: Sequence[int]) -> Line:
        piece = text[begin:end].rstrip()
        return replace(self._line(piece, first + begin), text=_spaced(piece, [at - begin for at in spaces]))

    def _line(self, text: str, first: int) -> Line:
        begin, end = self._character(first), self._character(first + _units(text) - 1)
        if begin < 0 or end < 0:
            return Line(text)
        size, last_size = self._size(self._character(first + self._words(text, first))), self._size(end)
        if size > DROP_CAP * last_size:
            size = last_size
        bold = self._is_bold(begin) and self._is_bold(end)
        left, top, _, _ = self._extent(begin)
        _, _, right, bottom = self._extent(end)
        if not all(map(isfinite, (size, left, top, right, bottom))):  # a damaged page may set type at no place at all
            return Line(text)
        return Line(text, round(size, 1), bold, top, bottom, left, right)

    def _gaps(self, first: int, length: int) -> Iterator[tuple[int, float]]:
        """Where in the text characters follow white that is drawn as no character, and how wide it is in points."""
        begin, end = self._character(first), self._character(first + length - 1)
        # Such white parts what is drawn apart; a row that is drawn in one needs no look at its characters.
        if begin < 0 or self._pdfium.FPDFText_CountRects(self._page, begin, end + 1 - begin) < 2:
            return
        reached = self._extent(begin)[2]
        for character in range(begin + 1, end + 1):
            left, _, right, _ = self._extent(character)
            if right <= left or self._pdfium.FPDFText_GetUnicode(self._page, character) == SPACE:
                continue  # a space that pdfium put in stands nowhere
            place = self._pdfium.FPDFText_GetTextIndexFromCharIndex(self._page, character) - first
            if left > reached and 0 < place < length:
                yield place, left - reached
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
