"""Text of pictures by RapidOCR (https://github.com/RapidAI/RapidOCR): the extra `ocr`, in a process of its own.

The process serves the pages of one file. It is there for the limits: a page that takes too long or too much memory ends
it and costs that page, and the next page has a new one.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from threading import Event, Timer
from typing import TYPE_CHECKING

from ingest.errors import FileFailed
from ingest.patience import ask_for_more_time
from ingest.readers.ocr import PAGE_SECONDS, POINTS, Recognised, mean_confidence
from ingest.readers.pdf_columns import Row, in_reading_order
from ingest.readers.pdf_parts import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

Found = tuple[str, float, float, float, float, float]  # text, confidence, left, top, right, bottom in pixels
START_SECONDS = 45.0  # 3 on an idle machine
PROGRAM = "from ingest.readers.rapid_ocr_process import main; main()"
TYPE_SIZE = 10.0  # points; boxes are too rough to tell sizes, so all lines have one, and none is taken for a heading
INK = 0.6  # of the height of a box, which is drawn around the letters with room; only its middle is exact
LENGTH = struct.Struct(">I")


@cache
def is_installed() -> bool:
    return find_spec("rapidocr") is not None


class RapidOcr:
    """Chinese, Japanese and the languages in Latin letters, from one model that is in the package."""

    name = "RapidOCR"
    dots_per_inch = 200.0  # 300 took the same time again and found no word more

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def is_installed(self) -> bool:
        return is_installed()

    def recognise(self, picture: bytes, dots_per_inch: float) -> Recognised:
        if self._process is None:
            self._process = _start()
            self._answer(START_SECONDS)
            ask_for_more_time()
        found: list[Found] = self._answer(PAGE_SECONDS, LENGTH.pack(len(picture)) + picture)
        return _laid_out(found, POINTS / dots_per_inch)

    def _answer(self, seconds: float, question: bytes = b"") -> list[Found]:
        """The next line that the process writes. It is ended when it takes longer, and when it fails."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = Event()
        clock = Timer(seconds, _end, (self._process, late))
        clock.start()
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:  # it ended before it had read the picture
            line = b""
        finally:
            clock.cancel()
        if line.endswith(b"\n") and not late.is_set():
            answer: list[Found] = json.loads(line)
            return answer
        status = self._ended()
        if late.is_set():
            raise FileFailed("timeout", f"OCR took longer than {seconds:g} s")
        raise FileFailed("needs_ocr", f"RapidOCR failed: its process ended with status {status}")

    def close(self) -> None:
        self._ended()

    def _ended(self) -> int | None:
        """The status with which the process ended, None where there was none."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.kill()  # it holds nothing that could be lost
        process.communicate()
        return process.returncode


def _start() -> subprocess.Popen[bytes]:
    """It inherits what holds for the worker: no network, so much memory, one thread."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "1"},  # each arena reserves 64 MB of addresses
    )


def _end(process: subprocess.Popen[bytes], late: Event) -> None:
    late.set()
    process.kill()


def _laid_out(found: Sequence[Found], points: float) -> Recognised:
    """Lines in reading order from pieces of lines in any; `points` a pixel."""
    if not found:
        return Recognised((), 0.0)
    half = INK * median(bottom - top for *_, top, _, bottom in found) * points / 2
    pieces = [
        Line(text, TYPE_SIZE, top=half - middle, bottom=-half - middle, left=left * points, right=right * points)
        for text, _, left, top, right, bottom in found
        for middle in ((top + bottom) / 2 * points,)
    ]
    lines = in_reading_order(list(map(_row, _rows(pieces))))
    return Recognised(tuple(lines), mean_confidence([(text, confidence) for text, confidence, *_ in found]))


def _rows(pieces: Sequence[Line]) -> list[list[Line]]:
    """Pieces side by side, from the top: the middle of each lies within the height of the one before."""
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: -(piece.top + piece.bottom)):
        if rows and rows[-1][-1].bottom <= (piece.top + piece.bottom) / 2 <= rows[-1][-1].top:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _row(pieces: Sequence[Line]) -> Row:
    parts = tuple(sorted(pieces, key=lambda piece: piece.left))
    whole = Line(
        " ".join(part.text for part in parts),
        parts[0].size,
        top=max(part.top for part in parts),
        bottom=min(part.bottom for part in parts),
        left=parts[0].left,
        right=parts[-1].right,
    )
    return Row(whole, parts)
