"""Nearest neighbours over the stored vectors: segments for what is indexed, brute force for what came after."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseDamaged
from ingest.store.filters import allowed_chunks
from ingest.store.segments import Segment, open_segment, read_manifest
from ingest.store.stored_vectors import NEWEST, ids_between, scan, vectors_between, vectors_of

if TYPE_CHECKING:
    from ingest.documents import Filter, FloatMatrix, IntVector
    from ingest.indexes.exact import ExactIndex
    from ingest.indexes.scoring import Neighbours
    from ingest.protocols import VectorIndex
    from ingest.store.reading import Snapshot

PROPOSED = 2, 20  # an approximate index proposes 2 k + 20 ids for k: with 0.994 of the nearest found, none is missed

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One segment as it is searched. `live` are the only ids that may be found, None when all may."""

    segment: Segment
    index: VectorIndex | None  # None when the file is damaged: its vectors are then read from the database
    live: IntVector | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything there is to search in one state of the knowledge base."""

    state: tuple[int, int]  # generation and layout
    parts: tuple[Part, ...]
    delta: ExactIndex
    degraded: tuple[str, ...]


class VectorSearch:
    """Answers `Store.search_vectors`. Threads share it; what it opened is used until the knowledge base changes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._view: View | None = None
        self._opened: dict[str, VectorIndex] = {}

    @property
    def degraded(self) -> list[str]:
        """What was wrong with the segments of the last search; empty when it was answered as it should be."""
        return list(self._view.degraded) if self._view else []

    def search(self, snapshot: Snapshot, query: FloatMatrix, k: int, only: Filter | None) -> list[tuple[int, float]]:
        """See `Store.search_vectors`."""
        from ingest.indexes.scoring import merge

        if snapshot.model() is None:
            return []
        view = self._current(snapshot)
        allowed = allowed_chunks(snapshot, only) if only else None
        found = [view.delta.search(query, k, allowed)]
        found += [_search_part(snapshot, part, query, k, allowed) for part in view.parts]
        ids, scores = merge(found, k)
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def forget(self) -> None:
        """Drop what is cached and opened."""
        with self._guard:
            self._view = None
            self._opened.clear()

    def _current(self, snapshot: Snapshot) -> View:
        meta = snapshot.meta()
        state = meta["generation"], meta["layout"]
        with self._guard:
            if self._view is None or self._view.state != state:
                self._view = self._make(snapshot, state, meta["indexed_upto"])
            return self._view

    def _make(self, snapshot: Snapshot, state: tuple[int, int], indexed_upto: int) -> View:
        manifest = read_manifest(snapshot)
        self._opened = {file: index for file, index in self._opened.items() if file in {s.file for s in manifest}}
        problems: list[str] = []
        parts = tuple(self._part(snapshot, segment, problems) for segment in manifest)
        return View(state, parts, self._delta(snapshot, indexed_upto), tuple(problems))

    def _part(self, snapshot: Snapshot, segment: Segment, problems: list[str]) -> Part:
        if segment.file not in self._opened:
            try:
                self._opened[segment.file] = open_segment(snapshot.folder, segment)
            except KnowledgeBaseDamaged as error:
                _log.warning("%s Its vectors are searched one by one. %s", error.message, error.remedy)
                problems.append(error.message)
        live = ids_between(snapshot, segment.low, segment.high) if segment.dead else None
        return Part(segment, self._opened.get(segment.file), live)

    def _delta(self, snapshot: Snapshot, indexed_upto: int) -> ExactIndex:
        """Vectors that no segment holds; rows that the last view read already are not read again."""
        import numpy as np

        from ingest.indexes.exact import ExactIndex

        known = self._view.delta if self._view else None
        if known is None or not len(known):
            return vectors_between(snapshot, indexed_upto + 1, NEWEST)
        ids = ids_between(snapshot, indexed_upto + 1, int(known.ids[-1]))
        kept = np.isin(known.ids, ids, assume_unique=True)
        if kept.sum() != len(ids):  # the cache is of a later state, or starts later
            return vectors_between(snapshot, indexed_upto + 1, NEWEST)
        added = vectors_between(snapshot, int(known.ids[-1]) + 1, NEWEST)
        return ExactIndex(
            np.concatenate([known.ids[kept], added.ids]), np.concatenate([known.vectors[kept], added.vectors])
        )


def _search_part(snapshot: Snapshot, part: Part, query: FloatMatrix, k: int, allowed: IntVector | None) -> Neighbours:
    segment = part.segment
    within = part.live if allowed is None else _within(allowed, segment.low, segment.high)
    if part.index is None:
        return scan(snapshot, (segment.low, segment.high), query, k, within)
    if segment.kind == "fp16":
        return part.index.search(query, k, within)
    candidates, _ = part.index.search(query, PROPOSED[0] * k + PROPOSED[1], within)
    return _rescored(snapshot, candidates, query, k)


def _rescored(snapshot: Snapshot, candidates: IntVector, query: FloatMatrix, k: int) -> Neighbours:
    """The k nearest of the candidates by their stored vectors: the quantised ones only propose."""
    return vectors_of(snapshot, candidates).search(query, k)


def _within(ids: IntVector, low: int, high: int) -> IntVector:
    import numpy as np

    first, last = np.searchsorted(ids, [low, high + 1])
    return ids[first:last]
