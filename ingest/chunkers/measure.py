"""How long stretches of a document are, in tokens of the embedding model, and how long they may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ingest.headers import PATH, header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.documents import IntVector
    from ingest.protocols import Tokens

# A word without end is a single unknown token to BERT, and white space none at all. Counting at least one token for
# every so many characters bounds the size of a chunk in characters too; running text has 3 to 5 to a token.
SPARSE = 16
# Tokens kept free beside header and text: two special ones (BERT, RoBERTa), the line break between the two, which
# byte-level tokenizers count, and one to spare.
RESERVE = 4
MARGIN = 8  # a text cut out of its surroundings may gain so many tokens; nearer to the limit it is counted again


class Ruler:
    """Measures one text: `count(start, end)` is the number of tokens that begin between two offsets."""

    def __init__(self, tokens: Tokens, text: str) -> None:
        self._positions = positions(tokens, text)

    def index(self, offset: int) -> int:
        """How many tokens begin before an offset."""
        return int(np.searchsorted(self._positions, offset))

    def indices(self, offsets: Iterable[int]) -> list[int]:
        return [int(index) for index in np.searchsorted(self._positions, np.fromiter(offsets, np.int64))]

    def offset(self, index: int) -> int:
        """Where the token of that number begins."""
        return int(self._positions[index])

    def count(self, start: int, end: int) -> int:
        return self.index(end) - self.index(start)


@dataclass(slots=True)
class Limit:
    """How many tokens of text the embedder has room for under the headers of one document."""

    tokens: Tokens
    max_tokens: int
    title: str
    _headers: dict[str, int] = field(default_factory=dict)

    def room(self, headings: Iterable[str]) -> int:
        """The most tokens a chunk may have, whichever of these paths of headings, or part of one, stands above it."""
        longest = max((self._header(part) for path in headings for part in _prefixes(path)), default=self._header(""))
        return self.max_tokens - RESERVE - longest

    def end(self, text: str, start: int, end: int, room: int) -> int:
        """`end`, or the nearest offset before it at which text[start:end], tokenised alone, is within `room`."""
        starts = self.tokens.starts(text[start:end])
        while len(starts) > room:
            end = start + int(starts[room])
            starts = self.tokens.starts(text[start:end])
        return end

    def _header(self, heading: str) -> int:
        if heading not in self._headers:
            self._headers[heading] = len(self.tokens.starts(header(self.title, heading)))
        return self._headers[heading]


def _prefixes(path: str) -> list[str]:
    """A path of headings and every path above it."""
    titles = path.split(PATH)
    return [PATH.join(titles[:depth]) for depth in range(len(titles) + 1)]


def positions(tokens: Tokens, text: str) -> IntVector:
    """Token starts, with one more after every `SPARSE` characters in which none begins."""
    starts = tokens.starts(text)
    bounds = np.concatenate([[0], starts, [len(text)]])
    missing = np.maximum(np.diff(bounds) - 1, 0) // SPARSE
    if not missing.any():
        return starts
    ordinal = np.arange(missing.sum()) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    extra = np.repeat(bounds[:-1], missing) + SPARSE * ordinal
    return np.sort(np.concatenate([starts, extra])).astype(np.int64)
