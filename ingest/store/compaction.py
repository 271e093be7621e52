"""Everything that can be made anew, made anew, and the bytes of what was removed given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseBusy
from ingest.store import document_rows, keyword_rows
from ingest.store.digest import digest_of
from ingest.store.maintenance import renew
from ingest.store.schema import write_meta
from ingest.store.space import require_space
from ingest.store.table_rows import DocumentRow

if TYPE_CHECKING:
    from ingest.store.database import Database


def rebuild(database: Database) -> None:
    """See `Store.rebuild`. Raises `KnowledgeBaseBusy` when a reader kept the old bytes in use all the time."""
    database.check_place()
    require_space(database.folder, 2 * (database.folder / "kb.db").stat().st_size)
    database.accept()
    renew(database)
    with database.transaction() as snapshot:
        keyword_rows.clear(snapshot.connection)
        for row in list(snapshot.rows(DocumentRow, "ORDER BY key")):
            keyword_rows.insert(snapshot.connection, document_rows.stored_rows(snapshot, row))
        keyword_rows.optimise(snapshot.connection)
        write_meta(snapshot.connection, digest=digest_of(snapshot), digested=snapshot.generation())  # of what is left
    if not database.compact():
        raise KnowledgeBaseBusy(
            f"{database.folder} was rebuilt, but another process was reading all the time: bytes of removed documents "
            "may still be in kb.db-wal.",
            "Close the other programs that use it and repeat.",
        )
    with database.transaction() as snapshot:
        meta = snapshot.meta()
        write_meta(snapshot.connection, purged=meta["generation"])
