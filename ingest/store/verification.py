"""Is what is stored what was written? In two levels, as `restic check` and `borg check` have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ingest.changes import Finding
from ingest.errors import KnowledgeBaseDamaged
from ingest.store.digest import is_other_than_kept
from ingest.store.keyword_check import keyword_problems
from ingest.store.noted import missing_commits, read_note, remedy
from ingest.store.rows import text_hash, unpack
from ingest.store.segment_check import content_problems, lasting_problems, size_problems
from ingest.store.snapshot import Snapshot
from ingest.store.table_rows import ChunkRow, DocumentRow, SourceRow, TagRow, TextRow, VectorRow, is_intact

if TYPE_CHECKING:
    from ingest.store.database import Database

SEGMENTS, KEYWORDS = "segments", "keyword index"  # what can be made anew
_REBUILD = "Run: ingest rebuild"
_READ_AGAIN = "Run: ingest remove SOURCE, then: ingest add SOURCE"
_RESTORE = "Restore kb.db from a backup, or ingest the files into a new knowledge base."
_ACCEPT = "Restore kb.db from a backup, or go on with what is left (ingest rebuild) and add the files again."

_CONTRADICTIONS = {
    "document {} has no name": (
        "SELECT id FROM documents WHERE key NOT IN (SELECT document FROM sources WHERE document IS NOT NULL)"
    ),
    "document {} has lost or gained chunks": (
        "SELECT id FROM documents WHERE chunks != (SELECT count(*) FROM chunks WHERE document = key)"
    ),
    "chunk {} has no vector": "SELECT id FROM chunks WHERE id NOT IN (SELECT chunk FROM vectors)",
    "chunk {} has an id that will be given again": (
        "SELECT id FROM chunks WHERE id >= (SELECT value FROM meta WHERE name = 'next_chunk') LIMIT 1"
    ),
}


def verify(database: Database, full: bool) -> Iterator[Finding]:
    """See `Store.verify`. Each check works on a snapshot of its own, so that the log need not grow for long."""
    for check in _FULL if full else _FAST:
        yield from _findings(partial(_seen, database, check))
    yield from _findings(partial(_segments, database, content_problems if full else size_problems))


def _findings(check: Callable[[], list[Finding]]) -> list[Finding]:
    """A page that cannot even be read is a finding like any other."""
    try:
        return check()
    except KnowledgeBaseDamaged as error:
        return [Finding("kb.db", error.message, _RESTORE)]


def _seen(database: Database, check: Callable[[Snapshot], Iterator[Finding]]) -> list[Finding]:
    with database.scratch() as snapshot:
        return list(check(snapshot))


def _segments(database: Database, check: Callable[[Snapshot], Iterator[str]]) -> list[Finding]:
    return [Finding(SEGMENTS, problem, _REBUILD) for problem in lasting_problems(database, check)]


def _structure(snapshot: Snapshot) -> Iterator[Finding]:
    """Pages and b-trees, by SQLite itself."""
    yield from _pragma(snapshot, "PRAGMA quick_check(20)")


def _structure_and_indexes(snapshot: Snapshot) -> Iterator[Finding]:
    yield from _pragma(snapshot, "PRAGMA integrity_check(20)")


def _pragma(snapshot: Snapshot, pragma: str) -> Iterator[Finding]:
    for (line,) in snapshot.connection.execute(pragma):
        if line != "ok":
            yield Finding("kb.db", line, _RESTORE)


def _relations(snapshot: Snapshot) -> Iterator[Finding]:
    """That rows which belong together are all there."""
    snapshot.meta()
    for table, row, parent, _ in snapshot.connection.execute("PRAGMA foreign_key_check"):
        yield Finding("kb.db", f"row {row} of {table} belongs to a row of {parent} that is not there", _RESTORE)
    for problem, query in _CONTRADICTIONS.items():
        for (subject,) in snapshot.connection.execute(query):
            yield Finding("kb.db", problem.format(subject), _READ_AGAIN)
    if is_other_than_kept(snapshot):
        yield Finding("kb.db", "names or documents are not those of the last commit", _ACCEPT)


def _commits(snapshot: Snapshot) -> Iterator[Finding]:
    """That the log has lost none. The note is read first: a snapshot begins with the first look at the database."""
    note = read_note(snapshot.folder)
    if missing := missing_commits(snapshot.folder, note, snapshot.generation()):
        yield Finding("kb.db", missing, remedy(snapshot.folder))


def _names(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.unchecked(SourceRow):
        if not is_intact(row):
            yield Finding(_name(row), "what is known of this file was altered", _READ_AGAIN)


def _tags(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.unchecked(TagRow) if snapshot.has(TagRow) else ():
        if not is_intact(row):
            yield Finding(_name(row), "what its server called this page was altered", _READ_AGAIN)


def _documents(snapshot: Snapshot) -> Iterator[Finding]:
    """Every description, text and chunk."""
    for row in snapshot.unchecked(DocumentRow, "ORDER BY key"):
        for problem in _document_problems(snapshot, row):
            named = snapshot.unchecked(SourceRow, "WHERE document = ? ORDER BY uri", (row.key,))
            yield Finding(next(map(_name, named), row.id), problem, _READ_AGAIN)


def _document_problems(snapshot: Snapshot, row: DocumentRow) -> Iterator[str]:
    if not is_intact(row):
        yield "its description was altered"
        return
    blocks = list(snapshot.unchecked(TextRow, "WHERE document = ? ORDER BY ordinal", (row.key,)))
    if altered := [block.ordinal for block in blocks if not is_intact(block)]:
        yield f"its text was altered in block {altered[0]}"
        return
    text = "".join(unpack(block.text) for block in blocks)
    if len(text) != row.length:
        yield f"{len(text)} of {row.length} characters of its text are there"
    for chunk in snapshot.unchecked(ChunkRow, "WHERE document = ? ORDER BY ordinal", (row.key,)):
        if not is_intact(chunk):
            yield f"chunk {chunk.ordinal} was altered"
        elif text_hash(text[chunk.start : chunk.stop]) != chunk.text_hash:
            yield f"chunk {chunk.ordinal} is not the text that was cut there"


def _vectors(snapshot: Snapshot) -> Iterator[Finding]:
    found = snapshot.model()
    for row in snapshot.unchecked(VectorRow):
        if not is_intact(row) or found is None or row.model != found[0]:
            yield Finding("vectors", f"the vector of chunk {row.chunk} was altered", _READ_AGAIN)


def _name(row: SourceRow | TagRow) -> str:
    """A name that may itself be damaged, as well as it can be shown."""
    return row.uri.decode("utf-8", "replace") if isinstance(row.uri, bytes) else str(row.uri)


def _keywords(snapshot: Snapshot) -> Iterator[Finding]:
    for problem in keyword_problems(snapshot):
        yield Finding(KEYWORDS, problem, _REBUILD)


_FAST = (_commits, _structure, _relations)
_FULL = (_commits, _structure_and_indexes, _relations, _names, _tags, _documents, _vectors, _keywords)
