"""Every error that Kestrel raises on purpose. Each says what happened, with the values, and what to do.

KestrelError                      exit code
├── UsageError                    2   the request makes no sense as asked
├── NothingIndexed                4   no knowledge base there, or an empty one
├── KnowledgeBaseError            1
│   ├── KnowledgeBaseMismatch     2   made with another embedding model
│   ├── KnowledgeBaseDamaged      10  run what the message says
│   ├── KnowledgeBaseBusy         1   another process holds the lock
│   └── StorageFailed             1   disk full, read-only, I/O error
├── EmbedderFailed                1   model missing, altered or unusable
├── UnknownPart                   2   no reader, embedder, … of that name
├── MissingExtra                  2   an optional package is not installed
├── WorkersUnreachable            1   the cluster that was to work is not there, or was lost
├── ModelError                    5   the model server (see assistant/errors.py for its kinds)
├── PromptTooLong                 6   the question alone does not fit the window
└── FileFailed                    –   one file could not be read; becomes an outcome, never ends a run
"""

from __future__ import annotations

from typing import ClassVar

from ingest.documents import Outcome


class KestrelError(Exception):
    """Base of the tree. `str(error)` is one or two plain sentences; `remedy` is the command or step that helps."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(KestrelError):
    """The request makes no sense as asked: a path that is not there, two flags that exclude each other."""

    exit_code = 2


class NothingIndexed(KestrelError):
    """There is no knowledge base at the path, or it holds no document."""

    exit_code = 4


class KnowledgeBaseError(KestrelError):
    """The knowledge base could not do what was asked."""


class KnowledgeBaseMismatch(KnowledgeBaseError):
    """The vectors were made by another model than the one asked for."""

    exit_code = 2


class KnowledgeBaseDamaged(KnowledgeBaseError):
    """Stored bytes are not what was written."""

    exit_code = 10


class KnowledgeBaseBusy(KnowledgeBaseError):
    """Another process holds the write lock for longer than the waiting time."""


class StorageFailed(KnowledgeBaseError):
    """The disk is full, read-only or failing; what was acknowledged before is safe."""


class EmbedderFailed(KestrelError):
    """The embedding model is missing, altered or cannot run here."""


class UnknownPart(KestrelError):
    """A name that no registry knows."""

    exit_code = 2


class MissingExtra(KestrelError):
    """A part needs a package that is not installed."""

    exit_code = 2


class WorkersUnreachable(KestrelError):
    """The cluster whose workers were to ingest is not there, or was lost on the way; what was stored is kept."""


class ModelError(KestrelError):
    """The language model's server could not answer."""

    exit_code = 5


class PromptTooLong(KestrelError):
    """Instructions and question alone exceed the served model's window."""

    exit_code = 6


class FileFailed(KestrelError):
    """One file could not be read. The pipeline turns it into that file's outcome and goes on."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome
        self.reason = reason

    def __reduce__(self) -> tuple[type[FileFailed], tuple[Outcome, str]]:  # crosses process borders
        return type(self), (self.outcome, self.reason)
