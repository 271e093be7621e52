"""What vector search works on in one state of the knowledge base: opened segments, and the vectors in none of them."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseDamaged
from ingest.store.segments import Segment, is_there, open_segment, read_manifest
from ingest.store.stored_vectors import NEWEST, ids_between, vectors_between

if TYPE_CHECKING:
    from ingest.documents import IntVector
    from ingest.indexes.exact import ExactIndex
    from ingest.protocols import VectorIndex
    from ingest.store.snapshot import Snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One segment as it is searched. `live` are the only ids that may be found, None when all may."""

    segment: Segment
    index: VectorIndex | None  # None when the file is unusable: its vectors are then read from the database
    live: IntVector | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything there is to search in one state. `problems` say why some segment cannot be used."""

    state: tuple[int, int]  # generation and layout
    parts: tuple[Part, ...]
    delta: ExactIndex
    problems: tuple[str, ...]


class Views:
    """The view of the latest state that was asked for. Threads share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._opened: dict[str, VectorIndex] = {}
        self.latest: View | None = None

    def current(self, snapshot: Snapshot, *, tolerant: bool) -> View | None:
        """The view of a snapshot. None when a segment file is missing, unless `tolerant`."""
        meta = snapshot.meta()
        state = meta["generation"], meta["layout"]
        with self._guard:
            if self.latest is None or self.latest.state != state:
                manifest = read_manifest(snapshot)
                if not tolerant and not _all_there(snapshot, manifest):
                    return None
                found = self._view(snapshot, manifest, state, meta["indexed_upto"])
                if found.problems and not tolerant and not _all_there(snapshot, manifest):
                    return None  # replaced while they were opened
                self.latest = found
            return self.latest

    def _view(self, snapshot: Snapshot, manifest: list[Segment], state: tuple[int, int], indexed_upto: int) -> View:
        files = {segment.file for segment in manifest}
        self._opened = {file: index for file, index in self._opened.items() if file in files}
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

        known = self.latest.delta if self.latest else None
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


def _all_there(snapshot: Snapshot, manifest: list[Segment]) -> bool:
    return all(is_there(snapshot.folder, segment) for segment in manifest)
