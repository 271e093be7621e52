"""Which documents and chunks a filter allows."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from fnmatch import translate
from typing import TYPE_CHECKING, TypeVar

from ingest.documents import Filter
from ingest.store.rows import unpack
from ingest.store.snapshot import Snapshot
from ingest.store.table_rows import DocumentRow, SourceRow

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
    rows = snapshot.rows(DocumentRow, "ORDER BY key")
    return [row.key for row in rows if row.key in named and wanted <= json.loads(row.metadata).items()]


def _by_source(snapshot: Snapshot, patterns: tuple[str, ...]) -> set[int]:
    pattern = source_pattern(patterns or ("*",))
    rows = snapshot.rows(SourceRow)
    return {row.document for row in rows if row.document is not None and pattern.match(unpack(row.uri))}
