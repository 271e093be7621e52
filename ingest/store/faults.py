"""SQLite's and the operating system's errors in our own words. Nothing of sqlite3 leaves this package."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import KnowledgeBaseBusy, KnowledgeBaseDamaged, KnowledgeBaseError, StorageFailed

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
DAMAGED = {
    *(sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_CONSTRAINT),
    sqlite3.SQLITE_ERROR,  # our statements never change: one that does not fit found an altered schema
}
FULL = {sqlite3.SQLITE_FULL}
UNUSABLE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}

NEEDED = 64 << 10  # bytes, for the shared memory beside the log and a page of it


class DiskFull(StorageFailed):
    """The kind of `StorageFailed` that freeing space mends."""


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Raise what sqlite3 or the system raises inside as the fitting `KnowledgeBaseError`."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise from_sqlite(error, folder) from error
    except UnicodeDecodeError as error:  # from within sqlite3, when its message quotes a damaged name
        raise damaged(folder, "the database's schema is not text") from error
    except OSError as error:
        raise from_system(error, folder) from error


def from_sqlite(error: sqlite3.Error | sqlite3.Warning, folder: Path) -> KnowledgeBaseError:
    """The error of our tree for one of sqlite3's, by the engine's result code (https://sqlite.org/rescode.html)."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest refines it
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if primary in BUSY:
        return KnowledgeBaseBusy(f"{folder} is locked by another program ({name}).", "Try again when it is done.")
    if primary in FULL:
        return no_space(folder)
    if primary in DAMAGED or isinstance(error, sqlite3.IntegrityError):
        return damaged(folder, f"{error} ({name})")
    if primary in UNUSABLE:
        if is_full(folder):  # SQLite calls it an I/O error where its shared memory does not fit
            return no_space(folder)
        return StorageFailed(
            f"The disk refused {folder}: {error} ({name}).",
            "Check permissions, mount and disk; what was stored before is safe.",
        )
    return KnowledgeBaseError(f"The database of {folder} refused a request: {error} ({name}).")


def is_input_output_error(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR


def from_system(error: OSError, folder: Path) -> StorageFailed:
    if error.errno in NO_SPACE:
        return no_space(folder)
    return StorageFailed(f"The disk refused {error.filename or folder}: {error.strerror or error}.")


def is_full(folder: Path) -> bool:
    """Whether the disk has no room for the least that SQLite needs to open a database."""
    import shutil  # 2 ms of the start, for failures only

    try:
        return shutil.disk_usage(folder).free < NEEDED
    except OSError:
        return False


def no_space(folder: Path) -> DiskFull:
    return DiskFull(f"The disk of {folder} is full.", "Free some space and repeat; what was stored before is safe.")


def damaged(folder: Path, problem: str) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(f"{folder} is damaged: {problem}.", f"Run: ingest verify --full --kb {folder}")
