"""Where a knowledge base is kept. A folder with one SQLite database, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest.registry import Registry

if TYPE_CHECKING:
    from ingest.protocols import OpensStore, Store

DATABASE = "kb.db"  # the file by which a folder is known to be a knowledge base
FOLLOWING = "following.json"  # the file by which it is known to follow a database

STORES = Registry(
    "stores",
    {
        "sqlite": "ingest.store.sqlite:SqliteStore",
        "postgresql": "ingest.store.postgres.store:PostgresStore",
    },
)


def open_store(location: str | Path, *, create: bool = False, read_only: bool = False) -> Store:
    """Open the knowledge base at `location`: a folder, or `scheme://…` for another engine of that name.

    Raises `NothingIndexed` when there is none (and not `create`), `KnowledgeBaseDamaged` when it cannot be trusted,
    `StorageFailed` when the disk does not allow it.
    """
    scheme, separator, _ = str(location).partition("://")
    opens: OpensStore = STORES.load(scheme if separator else "sqlite")
    return opens(location, create=create, read_only=read_only)
