"""Making the folder of a new knowledge base."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.errors import StorageFailed
from ingest.store import DATABASE, schema
from ingest.store.connection import connect
from ingest.store.faults import translated
from ingest.store.locks import FileLock
from ingest.store.noted import forget_commits

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
SUBFOLDERS = ("segments", "quarantine", "backups")


def create_database(folder: Path, write_lock: FileLock) -> None:
    """Make `kb.db` unless another process was faster. It appears whole, under its name, or not at all."""
    with translated(folder):
        _make_folder(folder)
        with write_lock.held():
            if (folder / DATABASE).exists():
                return
            for name in SUBFOLDERS:
                (folder / name).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            unfinished = folder / f".{DATABASE}.new"
            for left in folder.glob(f"{unfinished.name}*"):  # its log as well, which must not meet a new file
                left.unlink()
            _write(unfinished)
            forget_commits(folder)  # of a database that was removed
            unfinished.rename(folder / DATABASE)
            sync_folder(folder)


def _make_folder(folder: Path) -> None:
    """Make it and those above it, so that they outlast a power cut."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for place in made:
        sync_folder(place.parent)


def _write(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))  # SQLite gives its log the same mode
    connection = connect(path, "rw")
    try:
        connection.execute("BEGIN IMMEDIATE")
        schema.make(connection)
        connection.execute("COMMIT")
        # Only now: closing moves the log into the database, and tells no one when the disk is full. The file would then
        # be renamed without what its log holds.
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        connection.close()
    if mode != "wal":
        raise StorageFailed(f"{path.parent} cannot hold a write-ahead log.", "Keep the knowledge base on a local disk.")


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable. Windows has no such call and needs none."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
