"""A folder that was copied while its original was written may hold pages of several commits: it is checked once.

Its database is another file than the one that its note names. What is sound in every way that `ingest verify --full`
knows, and has all commits of the note, is whole: the note was written after these, and before the copy was made.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ingest.errors import KnowledgeBaseDamaged
from ingest.store.noted import NO_NOTE, NOTE, Note, note_commit, read_note
from ingest.store.verification import KEYWORDS, SEGMENTS, verify

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.changes import Finding
    from ingest.store.database import Database

_COPY_AGAIN = "Copy again while nobody writes, or use ingest export, which needs no such care"
_log = logging.getLogger(__name__)


def may_be_torn(database: Database, note: Note, generation: int) -> bool:
    """Whether nobody knows that this database was committed to where it lies. An empty one has nothing to lose."""
    return generation > 0 and not note.is_of(database.opened)


def is_copied(database: Database, note: Note) -> bool:
    """Whether there is a note, and it is of another database."""
    return note != NO_NOTE and not note.is_of(database.opened)


def check_copy(database: Database) -> KnowledgeBaseDamaged | None:
    """Check a copy, and note that it was found whole; the error to be raised where it was not.

    Where the note cannot be written, it is checked again the next time. Damaged segments are no reason: they are made
    from what else is there, and not asked until then.
    """
    folder, started = database.folder, time.monotonic()
    note = read_note(folder)
    _log.warning("%s is a copy, or its file '%s' is gone: it is checked once.", folder, NOTE)
    findings = [finding for finding in verify(database, full=True) if finding.where != SEGMENTS]
    if findings:
        return _not_whole(database, note, findings)
    note_commit(folder, database.opened, database.reached())
    _log.warning("%s is whole (%.1f s).", folder, time.monotonic() - started)
    return None


def torn(folder: Path, problem: str, remedy: str = "") -> KnowledgeBaseDamaged:
    """The error for a copy with a problem."""
    return KnowledgeBaseDamaged(
        f"{folder} is a copy that is not whole, as one made while the original was being written: {problem}",
        remedy or f"{_COPY_AGAIN}.",
    )


def _not_whole(database: Database, note: Note, findings: list[Finding]) -> KnowledgeBaseDamaged:
    folder, first, more = database.folder, findings[0], len(findings) - 1
    problem = f"{first.where}: {first.problem}{f', and {more} more problems' if more else ''}."
    rebuild = f"ingest rebuild --kb {folder}"
    if all(finding.where == KEYWORDS for finding in findings):
        remedy = f"Run: {rebuild}"
    else:
        remedy = f"{_COPY_AGAIN}. To go on with what is left here: {rebuild}, then see ingest verify --full."
    if is_copied(database, note):
        return torn(folder, problem, remedy)
    return KnowledgeBaseDamaged(f"{folder} is damaged, or a torn copy ({NOTE} is not there): {problem}", remedy)
