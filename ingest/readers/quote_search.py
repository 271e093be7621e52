"""Where the words of a quote stand among the characters of a page, however each of the two sets them."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_LINE = 2  # letters and digits: less is found anywhere


def find_quote(quote: str, characters: str, near: float = 0.0) -> list[tuple[int, int]]:
    """Stretches of `characters`, half open and ascending, that say what `quote` says; none when it is not there.

    Only letters and digits are compared: line ends, hyphens and bars between cells differ between a document's text
    and its pages. Of several places the one nearest to `near`, a share of the page in [0, 1], is taken. A quote that is
    not there in one piece, because it runs over the page or around a running head, is looked for line by line.
    """
    page = _Letters(characters)
    whole = page.find(_letters(quote), round(near * len(page.text)))
    return [whole] if whole else sorted(_lines(quote, page))


def _lines(quote: str, page: _Letters) -> Iterator[tuple[int, int]]:
    after = 0
    for line in map(_letters, quote.splitlines()):
        found = page.find(line, after) if len(line) >= SHORTEST_LINE else None
        if found:
            after = found[1]
            yield found


class _Letters:
    """The letters and digits of a page, each with its place among all characters."""

    def __init__(self, characters: str) -> None:
        kept = [character.isalnum() for character in characters]
        self.text = "".join(compress(characters, kept))
        self._places = list(compress(range(len(characters)), kept))

    def find(self, letters: str, near: int) -> tuple[int, int] | None:
        """The occurrence that begins nearest to the letter `near`."""
        if not letters:
            return None
        before = self.text.rfind(letters, 0, near + len(letters))
        after = self.text.find(letters, near)
        found = min((place for place in (before, after) if place >= 0), key=lambda place: abs(place - near), default=-1)
        return (self._places[found], self._places[found + len(letters) - 1] + 1) if found >= 0 else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
