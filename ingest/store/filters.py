"""Which documents a filter allows."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.documents import Filter
from ingest.store.reading import DOCUMENT, SOURCE, Snapshot
from ingest.store.rows import unpack

if TYPE_CHECKING:
    from ingest.documents import IntVector


def allowed_documents(snapshot: Snapshot, only: Filter) -> list[int]:
    """Keys of the documents that have any of the filter's sources and all of its metadata, ascending."""
    named = _by_source(snapshot, only.sources)
    if not only.metadata:
        return sorted(named)
    wanted = dict(only.metadata).items()
    return [
        row[0]
        for row in snapshot.rows(f"{DOCUMENT} ORDER BY key")
        if row[0] in named and wanted <= json.loads(row[7]).items()
    ]


def allowed_chunks(snapshot: Snapshot, only: Filter) -> IntVector:
    """Ids of their chunks, ascending."""
    import numpy as np

    keys = json.dumps(allowed_documents(snapshot, only))
    rows = snapshot.connection.execute(
        "SELECT id FROM chunks WHERE document IN (SELECT value FROM json_each(?)) ORDER BY id", (keys,)
    )
    return np.fromiter((row[0] for row in rows), np.int64)


def matches(uri: str, pattern: str) -> bool:
    """Whether a pattern names a source: its whole uri, its file name, or the end of its path; `*`, `?`, `[…]` stand."""
    return fnmatchcase(uri, pattern) or fnmatchcase(PurePath(uri).name, pattern) or fnmatchcase(uri, f"*/{pattern}")


def _by_source(snapshot: Snapshot, patterns: tuple[str, ...]) -> set[int]:
    rows = snapshot.rows(f"{SOURCE} WHERE document IS NOT NULL")
    return {row[1] for row in rows if not patterns or any(matches(unpack(row[0]), pattern) for pattern in patterns)}
