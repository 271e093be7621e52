"""The receipt of a removal: every place that could hold the document, and what is there now."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Place, Receipt
from ingest.store.segments import read_manifest

if TYPE_CHECKING:
    from ingest.documents import Document, Source
    from ingest.store.snapshot import Snapshot

COPIES = ("backups", "quarantine")
ANSWERS = "answers.db"  # answers that were kept beside the knowledge base, with the passages that they were made from
_UNTIL_REBUILD = "until: ingest rebuild"


def receipt(snapshot: Snapshot, source: Source, document: Document | None, chunks: range) -> Receipt:
    """See `Store.receipt`. `chunks` are the ids that the document's chunks had, as far as they are known."""
    if document is None:
        return Receipt(source.uri, source.document_id or "", 0, ())
    row = snapshot.document(document.id)
    if row is not None:
        return Receipt(source.uri, document.id, 0, (), tuple(snapshot.names(row.key)))
    meta = snapshot.meta()
    places = (
        Place("text", "removed"),
        _rows(snapshot, "chunks", "SELECT count(*) FROM chunks WHERE id BETWEEN ? AND ?", chunks),
        _rows(snapshot, "vectors", "SELECT count(*) FROM vectors WHERE chunk BETWEEN ? AND ?", chunks),
        _keywords(snapshot, chunks, purged=meta["purged"] >= meta["generation"]),
        _segments(snapshot, chunks),
        _file_bytes(purged=meta["purged"] >= meta["generation"]),
        *(_copies(snapshot.folder, name) for name in COPIES),
        _answers(snapshot.folder / ANSWERS, source, document),
    )
    return Receipt(source.uri, document.id, len(chunks), places)


def _rows(snapshot: Snapshot, name: str, query: str, chunks: range) -> Place:
    found = snapshot.number(query, (chunks.start, chunks.stop - 1))
    return Place(name, "remains", f"{found} rows") if found else Place(name, "removed")


def _keywords(snapshot: Snapshot, chunks: range, *, purged: bool) -> Place:
    counted = "SELECT count(*) FROM keywords_docsize WHERE id BETWEEN ? AND ?"
    place = _rows(snapshot, "keyword index", counted, chunks)
    if place.state == "removed" and not purged:
        return Place("keyword index", "unreachable", f"its words may stand in merged pages {_UNTIL_REBUILD}")
    return place


def _segments(snapshot: Snapshot, chunks: range) -> Place:
    holding = [segment for segment in read_manifest(snapshot) if segment.dead and segment.chunks(chunks)]
    if not holding:
        return Place("segments", "removed")
    vectors = sum(len(segment.chunks(chunks)) for segment in holding)
    return Place("segments", "unreachable", f"{vectors} dead vectors in {len(holding)} files {_UNTIL_REBUILD}")


def _file_bytes(*, purged: bool) -> Place:
    if purged:
        return Place("freed bytes of kb.db", "removed")
    return Place("freed bytes of kb.db", "unreachable", f"old pages may stand in the write-ahead log {_UNTIL_REBUILD}")


def _copies(folder: Path, name: str) -> Place:
    files = sorted(path.name for path in (folder / name).glob("*"))
    if not files:
        return Place(name, "absent")
    return Place(name, "remains", f"{len(files)} older copies, which may hold it: {', '.join(files[:5])}")


def _answers(path: Path, source: Source, document: Document) -> Place:
    """Answers that were made from the document, or from what its name stood for before. They are a person's own record,
    so they are named and not removed."""
    if not path.exists():
        return Place("answers", "absent")
    count = "SELECT count(DISTINCT run) FROM quoted WHERE document = ? OR source = ?"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute(count, (document.id, source.uri)).fetchone()
    except sqlite3.Error as error:
        return Place("answers", "remains", f"{path.name} cannot be read ({error}), and may hold it")
    if not found:
        return Place("answers", "removed")
    return Place("answers", "remains", f"{found} kept; until: assistant history --forget {shlex.quote(source.uri)}")
