"""Brute force: the oracle for every other index, and the fastest one for small sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.indexes.scoring import Neighbours, best, check_query, cosines

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector


class ExactIndex:
    """Cosines against every vector. `ids` ascend; `vectors` is (len(ids), dimension), unit rows."""

    def __init__(self, ids: IntVector, vectors: FloatMatrix) -> None:
        self.ids = ids
        self.vectors = vectors

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, query: FloatMatrix, k: int, allowed: IntVector | None = None) -> Neighbours:
        """See `VectorIndex.search`; the result is exact."""
        scores = cosines(self.vectors, check_query(query, self.vectors.shape[1]))
        if allowed is None:
            return best(self.ids, scores, k)
        rows = np.flatnonzero(np.isin(self.ids, allowed, assume_unique=True))
        return best(self.ids[rows], scores[rows], k)
