"""Copies that count as the knowledge base that was committed to where it lies."""

from __future__ import annotations

from pathlib import Path

from ingest.store.connection import identity
from ingest.store.noted import note_commit, read_note


def as_its_own(folder: Path) -> Path:
    """Let the note name this folder's database, with as many commits as before: a note of another one tells a copy."""
    note_commit(folder, identity(folder / "kb.db"), read_note(folder).generation)
    return folder
