"""Exact cosines and their order, which every index ends with, so that all of them agree to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.errors import EmbedderFailed, KnowledgeBaseMismatch

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector


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


def best(ids: IntVector, vectors: FloatMatrix, query: FloatMatrix, k: int) -> tuple[IntVector, FloatMatrix]:
    """The k rows with the highest cosine, best first, equal ones by ascending id.

    Sums are made in double precision: a matrix product in single precision gives equal rows scores that differ in
    the last bit, depending on where they stand in the matrix, and so would break ties at random.
    """
    products = vectors.astype(np.float64) * query.astype(np.float64)
    scores = products.sum(axis=1).astype(np.float32)
    order = np.lexsort((ids, -scores))[:k]
    return ids[order], scores[order]
