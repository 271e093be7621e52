"""Nearest neighbours over the stored vectors: segments for what is indexed, brute force for what came after."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.store.faults import damaged
from ingest.store.filters import allowed_chunks
from ingest.store.rows import blob_checksum, unpack_vectors

if TYPE_CHECKING:
    from ingest.documents import Filter, FloatMatrix
    from ingest.indexes.exact import ExactIndex
    from ingest.store.reading import Snapshot

VECTOR = "SELECT chunk, model, vector, checksum FROM vectors"


@dataclass(frozen=True, slots=True)
class Cached:
    """The vectors of one generation, in memory."""

    generation: int
    index: ExactIndex


class VectorSearch:
    """Answers `Store.search_vectors`; shared by threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._cached: Cached | None = None

    def search(self, snapshot: Snapshot, query: FloatMatrix, k: int, only: Filter | None) -> list[tuple[int, float]]:
        allowed = allowed_chunks(snapshot, only) if only else None
        ids, scores = self._delta(snapshot).search(query, k, allowed)
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def _delta(self, snapshot: Snapshot) -> ExactIndex:
        generation = snapshot.generation()
        with self._guard:
            if self._cached is None or self._cached.generation != generation:
                self._cached = Cached(generation, read_vectors(snapshot, 1, 2**62))
            return self._cached.index


def read_vectors(snapshot: Snapshot, low: int, high: int) -> ExactIndex:
    """The stored vectors of the chunks low <= id <= high, checked."""
    import numpy as np

    from ingest.indexes.exact import ExactIndex

    found = snapshot.model()
    if found is None:
        return ExactIndex(np.empty(0, np.int64), np.empty((0, 0), np.float32))
    key, model = found
    rows = snapshot.connection.execute(f"{VECTOR} WHERE chunk BETWEEN ? AND ?", (low, high)).fetchall()
    for chunk, made_by, vector, crc in rows:
        if made_by != key or blob_checksum(vector, chunk, made_by) != crc or len(vector) != 2 * model.dimension:
            raise damaged(snapshot.folder, f"the vector of chunk {chunk} was altered")
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return ExactIndex(ids, unpack_vectors([row[2] for row in rows], model.dimension))
