"""Are the segments what the manifest says, and do they hold every chunk?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseDamaged
from ingest.store import segments
from ingest.store.stored_vectors import ids_between

if TYPE_CHECKING:
    from ingest.documents import IntVector
    from ingest.store.database import Database
    from ingest.store.snapshot import Snapshot

ATTEMPTS = 5  # while maintenance goes on; each of them reads every segment again


def lasting_problems(database: Database, check: Callable[[Snapshot], Iterator[str]]) -> list[str]:
    """What `check` finds in segments that are still those of the knowledge base after it.

    Maintenance puts new segments in the place of old ones and removes their files, also while they are read here: a
    file that is missing for this reason is no damage.
    """
    problems: list[str] = []
    for _ in range(ATTEMPTS):
        with database.scratch() as snapshot:
            problems, layout = list(check(snapshot)), snapshot.meta()["layout"]
        with database.scratch() as snapshot:
            if not problems or snapshot.meta()["layout"] == layout:
                break
    return problems


def size_problems(snapshot: Snapshot) -> Iterator[str]:
    """Segments that are missing or of another size: what can be told without reading them."""
    for segment in segments.read_manifest(snapshot):
        path = snapshot.folder / segments.FOLDER / segment.file
        size = path.stat().st_size if path.exists() else None
        if size != segment.bytes + segments.FOOTER_BYTES:
            yield f"{segment.file} has {size} bytes instead of {segment.bytes + segments.FOOTER_BYTES}"


def content_problems(snapshot: Snapshot) -> Iterator[str]:
    """Every byte of every segment, and every chunk in exactly one of them or not indexed yet."""
    import numpy as np

    covered = [np.empty(0, np.int64)]
    for segment in segments.read_manifest(snapshot):
        live = ids_between(snapshot, segment.low, segment.high)
        covered.append(live)
        try:
            held = np.sort(segments.open_segment(snapshot.folder, segment).ids)
        except KnowledgeBaseDamaged as error:
            yield error.message
            continue
        yield from _id_problems(segment, held, live)
    indexed = ids_between(snapshot, 1, snapshot.meta()["indexed_upto"])
    if missing := np.setdiff1d(indexed, np.concatenate(covered)).size:
        yield f"{missing} chunks are in no segment"


def _id_problems(segment: segments.Segment, held: IntVector, live: IntVector) -> Iterator[str]:
    import numpy as np

    if missing := np.setdiff1d(live, held).size:
        yield f"{segment.file} lacks the vectors of {missing} chunks"
    if (dead := np.setdiff1d(held, live).size) != segment.dead:
        yield f"{segment.file} has {dead} dead vectors, and {segment.dead} are noted"
