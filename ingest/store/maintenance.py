"""Segments in step with the vectors: written beside the old ones, published in one transaction, then tidied up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseDamaged
from ingest.store import ballast, segments
from ingest.store.merge_plan import SEGMENT_ROWS, Fresh, Run, kind_for, plan
from ingest.store.schema import write_meta
from ingest.store.segments import Segment
from ingest.store.stored_vectors import sample_between, vector_blocks

if TYPE_CHECKING:
    from ingest.store.database import Database
    from ingest.store.snapshot import Snapshot

SAMPLE_ROWS = 200_000  # vectors that an index is trained on
QUARANTINE = "quarantine"

_log = logging.getLogger(__name__)


def maintain(database: Database) -> None:
    """Bring the segments in step with what was committed, and replace damaged ones."""
    _write(database, _plan_changes)


def renew(database: Database) -> None:
    """Write every segment anew from the stored vectors."""
    _write(database, _plan_anew)


def _write(database: Database, plan_runs: Callable[[Snapshot], list[Run]]) -> None:
    with database.maintenance():
        with database.snapshot() as snapshot:
            runs = plan_runs(snapshot)
            written = [(run, _write_run(snapshot, run)) for run in runs]
        if runs:
            with database.transaction() as snapshot:
                _publish(snapshot, written)
        with database.snapshot() as snapshot:
            segments.collect_garbage(database.folder, {segment.file for segment in segments.read_manifest(snapshot)})
            size = snapshot.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        ballast.keep(database.folder, size)


def _plan_changes(snapshot: Snapshot) -> list[Run]:
    manifest = segments.read_manifest(snapshot)
    low = snapshot.meta()["indexed_upto"] + 1
    count, high = snapshot.connection.execute(
        "SELECT count(*), coalesce(max(id), 0) FROM chunks WHERE id >= ?", (low,)
    ).fetchone()
    unusable = [segment for segment in manifest if not _usable(snapshot.folder, segment)]
    return plan(manifest, Fresh(low, high, count), unusable)


def _usable(folder: Path, segment: Segment) -> bool:
    """Whether a segment is sound; a damaged one is moved aside, since repairing deletes nothing."""
    try:
        segments.check_segment(folder, segment)
    except KnowledgeBaseDamaged as error:
        _log.warning("%s It is written anew from the stored vectors.", error.message)
        path = folder / segments.FOLDER / segment.file
        if path.exists():
            path.rename(folder / QUARANTINE / segment.file)
        return False
    return True


def _plan_anew(snapshot: Snapshot) -> list[Run]:
    replaced = tuple(segments.read_manifest(snapshot))
    low, newest = snapshot.connection.execute(
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM chunks"
    ).fetchone()
    runs: list[Run] = []
    while low <= newest:
        last = snapshot.connection.execute(
            "SELECT id FROM chunks WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?", (low, SEGMENT_ROWS - 1)
        ).fetchone()
        high = last[0] if last else newest
        runs.append(Run(low, high, () if runs else replaced))
        low = high + 1
    return runs or [Run(1, 0, replaced)]


def _write_run(snapshot: Snapshot, run: Run) -> Segment | None:
    """Write the segment file of a run; None when none of its chunks is left."""
    found, count = snapshot.model(), _count(snapshot, run)
    if found is None or not count:
        return None
    from ingest.indexes.faiss import FaissBuilder

    kind = kind_for(count)
    every = 1 + count // SAMPLE_ROWS
    builder = FaissBuilder(sample_between(snapshot, run.low, run.high, every), count, kind)  # the sample goes at once
    for block in vector_blocks(snapshot, run.low, run.high):
        builder.add(block.ids, block.vectors)
    file, size, crc = segments.write_segment(snapshot.folder, builder.finish().write)
    return Segment(file, found[0], kind, size, crc, count, run.low, run.high)


def _publish(snapshot: Snapshot, written: list[tuple[Run, Segment | None]]) -> None:
    """Put new segments into the manifest, all at once, in place of those they replace."""
    meta = snapshot.meta()
    for run, segment in written:
        snapshot.connection.executemany("DELETE FROM segments WHERE file = ?", [(old.file,) for old in run.replaces])
        if segment is not None:  # some of its documents may have been removed while the file was written
            segments.insert_segment(snapshot, replace(segment, dead=segment.vectors - _count(snapshot, run)))
    upto = max([meta["indexed_upto"], *(run.high for run, _ in written)])
    write_meta(snapshot.connection, indexed_upto=upto, layout=meta["layout"] + 1)


def _count(snapshot: Snapshot, run: Run) -> int:
    rows = snapshot.connection.execute("SELECT count(*) FROM chunks WHERE id BETWEEN ? AND ?", (run.low, run.high))
    return int(rows.fetchone()[0])
