"""Where ruled tables stand on a page, by pdfplumber (https://github.com/jsvine/pdfplumber): the extra `tables`."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ingest.readers.pypdf_file import DAMAGE
from ingest.readers.tables import Merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOUCHING = 1.0  # points within which two edges are one
MOST_CELLS = 5_000  # of one table
MOST_EDGES = 4_000  # of a page; finding cells takes the square of them


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points from the left edge and the foot of the page."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table by its rules: rows from the top, each a box for every column, or what reaches over that place."""

    box: Box
    rows: tuple[tuple[Box | Merged, ...], ...]

    @property
    def columns(self) -> tuple[float, ...]:
        """Where columns begin."""
        return tuple(sorted({round(cell.left) for row in self.rows for cell in row if isinstance(cell, Box)}))


@cache
def is_installed() -> bool:
    return find_spec("pdfplumber") is not None


class RuledPages:
    """One PDF in pdfplumber, opened when a page is first asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pages: Sequence[Any] | None = None

    def grids(self, page: int) -> list[Grid]:
        """The tables of a page (from 0); none where the page is turned, or too damaged for pdfplumber."""
        from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

        try:
            opened = self._open()[page]
            if opened.rotation or opened.mediabox != opened.cropbox:
                return []
            foot = opened.height + opened.mediabox[1]
            try:
                if len(opened.edges) > MOST_EDGES:
                    return []
                tables = opened.find_tables({"explicit_vertical_lines": list(_open_sides(opened))})
                return [grid for table in tables if (grid := _grid(table, foot))]
            finally:
                opened.close()
        except (PdfminerException, MalformedPDFException, *DAMAGE):
            return []

    def _open(self) -> Sequence[Any]:
        if self._pages is None:
            import pdfplumber

            logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it reports each oddity it overcomes
            self._pages = pdfplumber.open(io.BytesIO(self._data)).pages
        return self._pages


def _open_sides(page: Any) -> Iterator[dict[str, Any]]:
    """The outer edges of tables that have rules between columns but none at their sides, as LaTeX sets them."""
    across = sorted(
        (round(edge["x0"]), round(edge["x1"]), edge["top"], edge["x0"], edge["x1"]) for edge in page.horizontal_edges
    )
    for above, below in pairwise(across):
        if above[:2] != below[:2]:
            continue
        middle = (above[2] + below[2]) / 2
        if any(
            above[3] < edge["x0"] < above[4] and edge["top"] <= middle <= edge["bottom"] for edge in page.vertical_edges
        ):
            for side in above[3:]:
                yield {
                    "object_type": "line", "x0": side, "x1": side, "top": above[2], "bottom": below[2],
                    "height": below[2] - above[2],
                }  # fmt: skip


def _grid(table: Any, foot: float) -> Grid | None:
    """pdfplumber counts heights from the upper edge, `foot` being how far below it the origin lies."""
    if len(table.cells) > MOST_CELLS:
        return None
    left, top, right, bottom = table.bbox
    rows = [[cell and _box(cell, foot) for cell in row.cells] for row in table.rows]
    starts = [min(cell.left for cell in column if cell) for column in zip(*rows, strict=True) if any(column)]
    if any(len(row) != len(starts) for row in rows):
        return None
    resolved = tuple(tuple(_resolved(row, starts)) for row in rows)
    return Grid(Box(left, foot - bottom, right, foot - top), resolved)


def _box(cell: tuple[float, float, float, float], foot: float) -> Box:
    left, top, right, bottom = cell
    return Box(left, foot - bottom, right, foot - top)


def _resolved(row: Sequence[Box | None], starts: Sequence[float]) -> Iterator[Box | Merged]:
    """A place without a cell of its own is covered from the left where the cell before it reaches so far."""
    reach = float("-inf")
    for cell, start in zip(row, starts, strict=True):
        if cell:
            reach = cell.right
        yield cell or (Merged.LEFT if reach > start + TOUCHING else Merged.ABOVE)
