"""Text of pictures by Tesseract (https://github.com/tesseract-ocr/tesseract), a program of the system."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from statistics import mean, median

from ingest.errors import FileFailed
from ingest.readers.ocr import PAGE_SECONDS, POINTS, SURE, Recognised
from ingest.readers.pdf_parts import Line

MOST_LANGUAGES = 4  # each makes it slower
NO_LANGUAGE = frozenset({"osd", "equ", "snum"})  # trained data that are none
WORD_LEVEL = "5"


@cache
def languages() -> tuple[str, ...]:
    """The languages that are installed, English first; none where there is no Tesseract."""
    program = shutil.which("tesseract")
    if program is None:
        return ()
    try:
        listed = subprocess.run(  # noqa: S603 - a program of the system, found on the person's path
            [program, "--list-langs"], capture_output=True, text=True, timeout=PAGE_SECONDS, check=True
        ).stdout.splitlines()[1:]
    except (OSError, subprocess.SubprocessError):
        return ()
    known = sorted(set(map(str.strip, listed)) - NO_LANGUAGE - {""}, key=lambda name: (name != "eng", name))
    return tuple(name for name in known if "/" not in name)[:MOST_LANGUAGES]


class Tesseract:
    """All languages that are installed, at most `MOST_LANGUAGES`. Each page has a process of its own."""

    name = "Tesseract"
    dots_per_inch = 300.0  # what it is trained for

    def is_installed(self) -> bool:
        return bool(languages())

    def recognise(self, picture: bytes, dots_per_inch: float) -> Recognised:
        return recognise(picture, dots_per_inch)

    def close(self) -> None:
        """Nothing runs on."""


def recognise(picture: bytes, dots_per_inch: float) -> Recognised:
    """What stands on a picture (PNG). Raises `FileFailed("timeout")` or `FileFailed("needs_ocr")`."""
    program = shutil.which("tesseract") or "tesseract"
    command = [program, "stdin", "stdout", "-l", "+".join(languages()), "--dpi", f"{dots_per_inch:.0f}", "tsv"]
    try:
        done = subprocess.run(  # noqa: S603 - as above; the picture comes in through a pipe
            command, input=picture, capture_output=True, timeout=PAGE_SECONDS, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise FileFailed("timeout", f"OCR took longer than {PAGE_SECONDS:g} s") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise FileFailed("needs_ocr", f"Tesseract failed: {error}") from error
    return _read(done.stdout.decode("utf-8", errors="replace"), POINTS / dots_per_inch)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: tuple[str, str, str]  # block, paragraph, line
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def _read(table: str, points: float) -> Recognised:
    """Tesseract's table: one row a word, with its box in pixels from the upper left; `points` a pixel."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [_word(row, points) for row in rows if row["level"] == WORD_LEVEL and (row["text"] or "").strip()]
    words = [word for word in words if word.confidence >= SURE]
    if not words:
        return Recognised((), 0.0)
    size = round(median(word.top - word.bottom for word in words), 1)  # boxes end where the ink does: no size a line
    lines: dict[tuple[str, str, str], list[_Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    made = tuple(_line(line, size) for line in lines.values())
    return Recognised(made, mean(word.confidence for word in words))


def _word(row: dict[str, str], points: float) -> _Word:
    left, top, width, height = (int(row[name]) * points for name in ("left", "top", "width", "height"))
    line = row["block_num"], row["par_num"], row["line_num"]
    return _Word(row["text"].strip(), line, left, -top, left + width, -top - height, float(row["conf"]) / 100)


def _line(words: list[_Word], size: float) -> Line:
    return Line(
        " ".join(word.text for word in words),
        size,
        top=max(word.top for word in words),
        bottom=min(word.bottom for word in words),
        left=words[0].left,
        right=words[-1].right,
    )
