"""The last commit, noted beside the database, so that commits that went with the log are missed.

Where a bit of `kb.db-wal` is altered, or the file is removed, SQLite takes the log to end there, and what was committed
behind that is gone without a word. The note is written after each commit and not synced: it never tells of one that is
not on the disk, and where it is lost itself, nothing is claimed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from ingest.store import DATABASE
from ingest.store.connection import identity

NOTE = "committed"


def note_commit(folder: Path, database: tuple[int, int] | None, generation: int) -> None:
    """Replace the note. `database` is the identity of the one that was committed to, which may just have lost its place
    to another. A disk that refuses the note leaves the older one, which claims less."""
    line = _sealed(f"{_inode(database)} {generation}").ljust(64) + "\n"
    with suppress(OSError):
        descriptor = os.open(folder / NOTE, os.O_CREAT | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            os.write(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)


def noted_commit(folder: Path) -> int:
    """The generation that this database has reached for certain; 0 where no note is of it. Read it before the database:
    another process may commit meanwhile."""
    try:
        line = (folder / NOTE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    told, _, _ = line.rpartition(" ")
    inode, _, generation = told.partition(" ")
    return int(generation) if line == _sealed(told) and inode == _inode(identity(folder / DATABASE)) else 0


def forget_commits(folder: Path) -> None:
    """Go on with what is there. Raises `OSError` where the note cannot be removed."""
    (folder / NOTE).unlink(missing_ok=True)


def missing_commits(folder: Path, noted: int, generation: int) -> str:
    """What is to be said where commits are missing, and "" where none is."""
    if generation >= noted:
        return ""
    return (
        f"the last {noted - generation} commits to {folder} are gone: {DATABASE}-wal was altered or removed, or an "
        f"older {DATABASE} was put in its place"
    )


def remedy(folder: Path) -> str:
    return (
        f"Put back what was there, or go on with what is left (ingest rebuild --kb {folder}) and add the files again."
    )


def _inode(database: tuple[int, int] | None) -> str:
    """A note is not of a copy, nor of a database that took the place of its own. Devices may be numbered anew."""
    return str(database[1]) if database else "none"


def _sealed(told: str) -> str:
    return f"{told} {crc32(told.encode('ascii')):08x}"
