"""Cosines and their order, the same in every index to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.errors import EmbedderFailed, KnowledgeBaseMismatch

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector

Neighbours = tuple["IntVector", "FloatMatrix"]  # ids and cosines, best first


def check_query(query: FloatMatrix, dimension: int) -> FloatMatrix:
    """The query as (dimension,) float32. Raises `EmbedderFailed` for NaN, `KnowledgeBaseMismatch` for another shape."""
    if query.shape not in ((1, dimension), (dimension,)):
        raise KnowledgeBaseMismatch(
            f"The query vector has the shape {query.shape}; the stored vectors have {dimension} dimensions.",
            "Ask with the embedding model that the knowledge base was made with.",
        )
    if not np.isfinite(query).all():
        raise EmbedderFailed("The query vector holds NaN or infinity.", "The embedding model is damaged or misused.")
    return np.ascontiguousarray(query.reshape(dimension), dtype=np.float32)


def cosines(vectors: FloatMatrix, query: FloatMatrix) -> FloatMatrix:
    """(len(vectors),) dot products.

    `vecdot` goes row by row, so that equal rows have equal scores wherever they stand. A matrix product does not
    promise that, and its threads wait for each other: 20 ms instead of 0.3 on two busy cores (10,000 x 384).
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)


def best(ids: IntVector, scores: FloatMatrix, k: int) -> Neighbours:
    """The k highest scores, best first, equal ones by ascending id."""
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k] if k > 0 else np.inf
        rows = np.flatnonzero(scores >= least)
        ids, scores = ids[rows], scores[rows]
    order = np.lexsort((ids, -scores))[: max(k, 0)]
    return ids[order], scores[order]


def merge(parts: list[Neighbours], k: int) -> Neighbours:
    """The k best of several results."""
    ids, scores = zip(*parts, strict=True) if parts else ((), ())
    return best(np.concatenate([np.empty(0, np.int64), *ids]), np.concatenate([np.empty(0, np.float32), *scores]), k)
