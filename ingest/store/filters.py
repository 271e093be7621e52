"""Which documents and chunks a filter allows."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from fnmatch import translate
from typing import TYPE_CHECKING, TypeVar

from ingest.documents import Filter
from ingest.store.reading import DOCUMENT, SOURCE, Snapshot
from ingest.store.rows import unpack

if TYPE_CHECKING:
    from ingest.documents import IntVector

REMEMBERED = 16  # filters

K = TypeVar("K")
V = TypeVar("V")

_CHUNKS = "SELECT chunks.id FROM chunks JOIN json_each(?) ON json_each.value = document ORDER BY chunks.id"


class Filters:
    """Answers filters. A question asks twice, by words and by meaning, and the next one often has the same filter."""

    def __init__(self) -> None:
        self._documents: dict[tuple[int, Filter], list[int]] = {}  # by generation and filter
        self._chunks: dict[tuple[int, Filter], IntVector] = {}

    def documents(self, snapshot: Snapshot, only: Filter) -> list[int]:
        """Keys of the documents that have any of the filter's sources and all of its metadata, ascending."""
        known, key = self._documents, (snapshot.generation(), only)
        return known[key] if key in known else _remember(known, key, _documents(snapshot, only))

    def chunks(self, snapshot: Snapshot, only: Filter) -> IntVector:
        """Ids of their chunks, ascending."""
        known, key = self._chunks, (snapshot.generation(), only)
        return known[key] if key in known else _remember(known, key, _chunks(snapshot, self.documents(snapshot, only)))


def source_pattern(patterns: Collection[str]) -> re.Pattern[str]:
    """Matches a uri that any of the glob patterns names, by the whole of it or by the end of its path."""
    return re.compile("|".join(f"(?:.*/)?{translate(pattern)}" for pattern in patterns), re.DOTALL)


def _remember(known: dict[K, V], key: K, value: V) -> V:
    for oldest in list(known)[: len(known) - REMEMBERED + 1]:
        known.pop(oldest, None)
    return known.setdefault(key, value)


def _chunks(snapshot: Snapshot, documents: list[int]) -> IntVector:
    import numpy as np

    rows = snapshot.connection.execute(_CHUNKS, (json.dumps(documents),))
    return np.fromiter((row[0] for row in rows), np.int64)


def _documents(snapshot: Snapshot, only: Filter) -> list[int]:
    named = _by_source(snapshot, only.sources)
    if not only.metadata:
        return sorted(named)
    wanted = dict(only.metadata).items()
    rows = snapshot.rows(f"{DOCUMENT} ORDER BY key")
    return [row[0] for row in rows if row[0] in named and wanted <= json.loads(row[7]).items()]


def _by_source(snapshot: Snapshot, patterns: tuple[str, ...]) -> set[int]:
    pattern = source_pattern(patterns or ("*",))
    rows = snapshot.rows(f"{SOURCE} WHERE document IS NOT NULL")
    return {row[1] for row in rows if pattern.match(unpack(row[0]))}
