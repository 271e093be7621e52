"""Signed feature hashing: an embedder without a model, for tests, for trying things out and for machines without one.

Each word adds +1 or -1 to one coordinate, both chosen by its hash (Weinberger et al. 2009,
https://doi.org/10.1145/1553374.1553516), so the cosine of two texts estimates how many words they share. It knows
nothing of meaning.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ingest.documents import Model
from ingest.errors import EmbedderFailed
from ingest.tokens import WordTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.documents import FloatMatrix

DIMENSION = 1024
NOTHING = ""  # the word that a text without words has

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """The embedder `hashing`: the same text gives the same bits everywhere."""

    model = Model("hashing", f"blake2b-sqrt-{DIMENSION}", DIMENSION)
    max_tokens = 256
    tokens = WordTokens()

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """As `Embedder.embed_documents`."""
        for text in texts:
            count = len(self.tokens.starts(text))
            if count > self.max_tokens:
                raise EmbedderFailed(
                    f"A text of {count} words exceeds the {self.max_tokens} that hashing reads: {text[:60]!r}…",
                    "Cut it with a chunker of ingest.chunkers, made for this embedder.",
                )
        return np.array([_vector(text) for text in texts], np.float32).reshape(len(texts), DIMENSION)

    def embed_query(self, text: str) -> FloatMatrix:
        """As `Embedder.embed_query`."""
        starts = self.tokens.starts(text)
        end = int(starts[self.max_tokens]) if len(starts) > self.max_tokens else len(text)
        return _vector(text[:end]).reshape(1, DIMENSION)


def _vector(text: str) -> FloatMatrix:
    """Counts enter by their square root, so that a word said often does not drown the others."""
    row = np.zeros(DIMENSION, np.float64)
    for word, count in Counter(_WORD.findall(text.casefold())).items():
        place, sign = _feature(word)
        row[place] += sign * sqrt(count)
    if not row.any():  # no words, or words that cancel out
        row[_feature(NOTHING)[0]] = 1.0
    unit: FloatMatrix = (row / np.linalg.norm(row)).astype(np.float32)
    return unit


@lru_cache(maxsize=1 << 16)
def _feature(word: str) -> tuple[int, int]:
    """The coordinate of a word, and its sign."""
    number = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    return number % DIMENSION, 1 if number >> 63 else -1
