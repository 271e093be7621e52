"""Brute force: the oracle for every other index, and the fastest one for small sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.indexes.scoring import best, check_query

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector

# The error of a single-precision dot product of unit vectors stays below dimension * 2^-24: 2.4e-4 at 4,096 dimensions.
ROUNDING = 2.0**-24


class ExactIndex:
    """Cosines against every vector. `ids` ascend; `vectors` is (len(ids), dimension), unit rows."""

    def __init__(self, ids: IntVector, vectors: FloatMatrix) -> None:
        self.ids = ids
        self.vectors = vectors

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, query: FloatMatrix, k: int, allowed: IntVector | None = None) -> tuple[IntVector, FloatMatrix]:
        """See `VectorIndex.search`; the result is exact."""
        query = check_query(query, self.vectors.shape[1])
        ids, vectors = self.ids, self.vectors
        if allowed is not None:
            rows = np.flatnonzero(np.isin(ids, allowed, assume_unique=True))
            ids, vectors = ids[rows], vectors[rows]
        if k < 1 or not len(ids):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = _nearest(vectors @ query, k, ROUNDING * 2 * len(query))
        return best(ids[rows], vectors[rows], query, k)


def _nearest(scores: FloatMatrix, k: int, margin: float) -> IntVector:
    """Rows whose score may be among the k best, given that scores are off by at most half the margin."""
    if k >= len(scores):
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    return np.flatnonzero(scores >= least - margin)
