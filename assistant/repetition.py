"""Chunks that say what another one has said: two versions of a file, a paragraph that every filing repeats."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import islice

from ingest.documents import Chunk

SHINGLE_WORDS = 8
DUPLICATE_SHARE = 0.8  # of a chunk's shingles inside one earlier chunk: then it says nothing new


class Unheard:
    """Tells whether a chunk says something that no earlier one said, by shared word sequences (Broder 1997,
    https://doi.org/10.1109/SEQUEN.1997.666900)."""

    def __init__(self) -> None:
        self._holders: dict[int, int] = {}  # the first chunk that held a shingle
        self._number = 0

    def admits(self, chunk: Chunk) -> bool:
        found = shingles(chunk.text)
        holders = self._holders
        shared = Counter(holders[shingle] for shingle in found if shingle in holders)
        if max(shared.values(), default=0) > DUPLICATE_SHARE * len(found):
            return False
        self._number += 1
        for shingle in found:
            holders.setdefault(shingle, self._number)
        return True


@lru_cache(maxsize=4096)
def shingles(text: str) -> frozenset[int]:
    """Hashes of every run of `SHINGLE_WORDS` words, case and white space ignored; a shorter text is one shingle."""
    words = text.casefold().split()
    shifted = [islice(words, start, None) for start in range(SHINGLE_WORDS)]
    return frozenset(map(hash, zip(*shifted, strict=False))) or frozenset([hash(tuple(words))])
