"""One number for all names and documents, so that rows which are old, or gone, without a trace are missed.

A torn copy may hold pages of an older commit. Each row there is as it was sealed, and what it lacks it lacks in every
table. The sum of the checksums of the rows, kept with the generation, tells: a document's row pins its text, its chunks
and, through these, its vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.store.snapshot import Snapshot

_TOTAL = "SELECT (SELECT coalesce(sum(checksum), 0) FROM sources) + (SELECT coalesce(sum(checksum), 0) FROM documents)"
_NAME = "SELECT coalesce(sum(checksum), 0) FROM sources WHERE uri = ?"
_DOCUMENT = "SELECT coalesce(sum(checksum), 0) FROM documents WHERE key = ?"


def digest_of(snapshot: Snapshot) -> int:
    """The sum over all rows, by reading them."""
    return snapshot.number(_TOTAL)


def is_other_than_kept(snapshot: Snapshot) -> bool:
    """Whether names or documents are not those of the last commit; False where a commit did not keep the sum."""
    meta = snapshot.meta()
    return meta.get("digested") == meta["generation"] and meta["digest"] != digest_of(snapshot)


class Digest:
    """The sum as one transaction carries it on: what is about to change is told before it does."""

    def __init__(self, snapshot: Snapshot) -> None:
        meta = snapshot.meta()
        self._snapshot = snapshot
        self._kept = meta["digest"] if meta.get("digested") == meta["generation"] else digest_of(snapshot)
        self._before: dict[tuple[str, bytes | int], int] = {}

    def touch_name(self, uri: bytes) -> None:
        self._touch(_NAME, uri)

    def touch_document(self, key: int) -> None:
        self._touch(_DOCUMENT, key)

    def _touch(self, query: str, key: bytes | int) -> None:
        if (query, key) not in self._before:
            self._before[query, key] = self._snapshot.number(query, (key,))

    def value(self) -> int:
        """With all that has changed since."""
        now = sum(self._snapshot.number(query, (key,)) for query, key in self._before)
        return self._kept + now - sum(self._before.values())
