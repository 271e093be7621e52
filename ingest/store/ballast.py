"""Room to remove documents on a full disk: deleting rows needs space in the log before it frees any."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.store.creation import PRIVATE_FILE
from ingest.store.space import RESERVE

NAME = "ballast"
SMALLEST, LARGEST = 1 << 20, 16 << 20  # bytes
SHARE = 4  # of the database's size, one part in so many
_ZEROS = bytes(1 << 20)


def keep(folder: Path, database_bytes: int) -> None:
    """Set as much aside as the size of the database asks for, while the disk has plenty."""
    import shutil

    wanted = min(LARGEST, max(SMALLEST, database_bytes // SHARE))
    path = folder / NAME
    if path.exists() and path.stat().st_size >= wanted:
        return
    if shutil.disk_usage(folder).free < wanted + RESERVE:
        return
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0), PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        for start in range(0, wanted, len(_ZEROS)):
            file.write(_ZEROS[: wanted - start])


def release(folder: Path) -> bool:
    """Give the room back; whether there was any."""
    path = folder / NAME
    if not path.exists():
        return False
    path.unlink()
    return True
