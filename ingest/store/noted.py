"""The last commit, noted beside the database: commits that went with the log are missed, and a copy is known for one.

Where a bit of `kb.db-wal` is altered, or the file is removed, SQLite takes the log to end there, and what was committed
behind that is gone without a word. The note is written after each commit and not synced: it never tells of one that is
not on the disk, and where it is lost itself, nothing is claimed. It names the inode of its database: beside another
one it was copied, or that was put in the place of its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from ingest.store import DATABASE
from ingest.store.connection import identity

NOTE = "committed"


@dataclass(frozen=True, slots=True)
class Note:
    """The generation that a database has reached for certain. Only its inode is noted: devices may be numbered anew."""

    inode: str
    generation: int

    def is_of(self, database: tuple[int, int] | None) -> bool:
        return self.inode == _inode(database)


NO_NOTE = Note("", 0)


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


def read_note(folder: Path) -> Note:
    """The note, and `NO_NOTE` where none can be read. Read it before the database: another process may commit
    meanwhile."""
    try:
        line = (folder / NOTE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return NO_NOTE
    told, _, _ = line.rpartition(" ")
    inode, _, generation = told.partition(" ")
    return Note(inode, int(generation)) if line == _sealed(told) else NO_NOTE


def forget_commits(folder: Path) -> None:
    """Nothing is known of the database that comes. Raises `OSError` where the note cannot be removed."""
    (folder / NOTE).unlink(missing_ok=True)


def missing_commits(folder: Path, note: Note, generation: int) -> str:
    """What is to be said where commits are missing, and "" where none is."""
    if generation >= note.generation:
        return ""
    missing = f"the last {note.generation - generation} commits to {folder} are gone: "
    if note.is_of(identity(folder / DATABASE)):
        return f"{missing}{DATABASE}-wal was altered or removed, or an older {DATABASE} was put in its place"
    return (
        f"{missing}the file {NOTE}, copied with it, knows of {note.generation} commits and {DATABASE} of {generation}"
    )


def remedy(folder: Path) -> str:
    return (
        f"Put back what was there, or go on with what is left (ingest rebuild --kb {folder}) and add the files again."
    )


def _inode(database: tuple[int, int] | None) -> str:
    return str(database[1]) if database else "none"


def _sealed(told: str) -> str:
    return f"{told} {crc32(told.encode('ascii')):08x}"
