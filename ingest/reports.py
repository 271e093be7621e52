"""What an ingest run tells: events while it works, a report when it ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ingest.documents import Outcome


@dataclass(frozen=True, slots=True)
class Scanned:
    """The run knows its work: `files` to read of `bytes` together; `unchanged` need nothing."""

    files: int
    bytes: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Read:
    """One file was parsed and cut into chunks."""

    source: str
    bytes: int
    pages: int
    chunks: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedded:
    """This many chunks more have their vectors."""

    chunks: int


@dataclass(frozen=True, slots=True)
class Stored:
    """One file is in the knowledge base for good."""

    source: str
    updated: bool  # it replaced what this name held before


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that was read again, and holds what it held."""

    source: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that is gone."""

    source: str


@dataclass(frozen=True, slots=True)
class Failed:
    """One file could not be read, or only could be in part; the others go on."""

    source: str
    outcome: Outcome
    reason: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The sum of a run. `documents` and `chunks` are what the knowledge base holds afterwards."""

    added: int
    updated: int
    unchanged: int
    removed: int
    failed: tuple[Failed, ...]
    documents: int
    chunks: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object that `ingest add --json` prints."""
        failed = [{"source": f.source, "error": f"{f.outcome}: {f.reason}"} for f in self.failed]
        return {**asdict(self), "failed": failed, "seconds": round(self.seconds, 3)}


Event = Scanned | Read | Embedded | Stored | Unchanged | Removed | Failed | Report
