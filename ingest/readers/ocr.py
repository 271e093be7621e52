"""Text of pictures: what every engine gives, and the limits that all of them keep."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.readers.pdf_parts import Line

PAGE_SECONDS = 30.0  # for one picture
SURE = 0.3  # confidence; what is below is specks and rules
POINTS = 72.0  # an inch


@dataclass(frozen=True, slots=True)
class Recognised:
    """The lines of a picture in reading order, and how sure the words are on average, in [0, 1].

    Heights count from the upper edge downwards and are below 0: what matters is how far lines stand apart.
    """

    lines: tuple[Line, ...]
    confidence: float


class Engine(Protocol):
    """Something that reads pictures, for one file after the other. It stays usable after every failure."""

    @property
    def name(self) -> str: ...

    @property
    def dots_per_inch(self) -> float:
        """What it reads best."""
        ...

    def is_installed(self) -> bool: ...

    def recognise(self, picture: bytes, dots_per_inch: float) -> Recognised:
        """What stands on a picture (PNG).

        Raises `FileFailed`: "timeout" after `PAGE_SECONDS`, "needs_ocr" where the engine fails.
        """
        ...

    def close(self) -> None:
        """End what runs for the file that was read."""
        ...


def mean_confidence(words: Sequence[tuple[str, float]]) -> float:
    """Over words: a line of ten counts ten times a line of one."""
    return mean(confidence for text, confidence in words for _ in text.split())
