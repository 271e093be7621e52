"""Room on the disk, looked at before it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.changes import Change, Put
from ingest.store.faults import DiskFull

RESERVE = 256 << 20  # bytes left free, for segments and the write-ahead log
GROWTH = 3  # a batch passes through the log, the tables and the keyword index


def require_space(folder: Path, size: int) -> None:
    """Raises `DiskFull` when writing so many bytes would leave less than the reserve."""
    import shutil  # 2 ms of the start, for writers only

    free, needed = shutil.disk_usage(folder).free, size + RESERVE
    if free < needed:
        raise DiskFull(
            f"The disk of {folder} has {_megabytes(free)} free; {_megabytes(needed)} are needed. Nothing was changed.",
            "Free some space and repeat; documents can still be removed.",
        )


def bytes_of(changes: Sequence[Change]) -> int:
    """What storing the changes may take at most; 0 when they only remove."""
    entries = [change.entry for change in changes if isinstance(change, Put)]
    return GROWTH * sum(4 * len(entry.document.text) + entry.vectors.nbytes for entry in entries)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
