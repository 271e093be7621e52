"""What is asked of a store and what it tells: changes in, receipts and findings out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.documents import READING, Entry, Model, Source

OUTDATED = "read by an older version: ingest add --again"


@dataclass(frozen=True, slots=True)
class Put:
    """Store this document under this name. What the name pointed at before goes, unless another name keeps it."""

    entry: Entry
    model: Model


@dataclass(frozen=True, slots=True)
class Record:
    """Set what is known of a name: a fresh stat, a failed outcome, or a link to a document that is already stored."""

    source: Source


@dataclass(frozen=True, slots=True)
class Remove:
    """Forget this name, and its document unless another name keeps it."""

    uri: str


@dataclass(frozen=True, slots=True)
class Tag:
    """Keep the entity tag (`ETag`) that a server gave for the page stored under this name at this time.

    It holds as long as `mtime_ns` is that of the name: whoever stores another page there need not know of tags.
    """

    uri: str
    mtime_ns: int
    value: str


Change = Put | Record | Remove | Tag


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did: the generation it made, and how many documents and chunks came and went."""

    generation: int
    documents_added: int
    documents_removed: int
    chunks_added: int
    chunks_removed: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sizes of a knowledge base. `bytes` is what it takes on disk."""

    sources: int
    documents: int
    chunks: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What is stored under one name. `pages` is 0 for formats without pages; `reading` is that of the document."""

    source: Source
    title: str
    pages: int
    chunks: int
    warnings: tuple[str, ...] = ()
    reading: int = READING

    @property
    def outdated(self) -> bool:
        """Whether the Kestrel of today might read it otherwise."""
        return self.reading < READING

    @property
    def remarks(self) -> tuple[str, ...]:
        """The warnings, and what to do where it is `outdated`."""
        return (*self.warnings, OUTDATED) if self.outdated else self.warnings


@dataclass(frozen=True, slots=True)
class Place:
    """One place that could hold a removed document, and what is there now."""

    name: str  # "text", "vectors", "keyword index", "segments", "backups", "quarantine", …
    state: Literal["removed", "unreachable", "remains", "absent"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a removal. `kept_by` lists other names of the same document; then nothing of it was removed."""

    source: str
    document_id: str
    chunks: int
    places: tuple[Place, ...]
    kept_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something `verify` found wrong, with the command that mends it."""

    where: str
    problem: str
    remedy: str
