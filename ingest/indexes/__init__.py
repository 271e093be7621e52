"""Nearest-neighbour indexes by name."""

from __future__ import annotations

from ingest.registry import Registry

INDEXES = Registry(
    "indexes",
    {
        "exact": "ingest.indexes.exact:ExactIndex",
        "faiss": "ingest.indexes.faiss:FaissIndex",
    },
)
