"""One file to a document and its spans: its bytes read once, a reader by content, a chunker."""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.documents import READING, Document, Outcome, Source, Span, document_id
from ingest.errors import FileFailed, KestrelError
from ingest.protocols import Chunker
from ingest.readers import open_reader, reader_for
from ingest.readers.characters import clean, single_line
from ingest.readers.office_lock import without_lock
from ingest.unlocking import unlocked

if TYPE_CHECKING:
    from collections.abc import Iterator

REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file that was read by the reader of that name. `source` is what it looked like when its bytes were taken."""

    source: Source
    document: Document
    spans: tuple[Span, ...]
    reader: str = ""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be read: `source.outcome` and `source.reason` say why. Its `document_id` is None."""

    source: Source


@dataclass(frozen=True, slots=True)
class Parser:
    """How a file becomes a document and spans. `readers` names readers that are asked before the built-in ones.

    `password` opens PDFs and Office files that are under one.
    """

    chunker: Chunker
    largest: int  # bytes; a larger file is not read
    readers: tuple[str, ...] = ()
    password: str = field(default="", repr=False)

    def parse(self, path: Path, uri: str) -> ParsedFile | FailedFile:
        """Whatever is wrong with the file becomes its outcome.

        Raises `MemoryError`, and `KestrelError` for what would go wrong with any file, such as a missing package.
        """
        source = Source(uri, 0, 0, None, seen=time.time())
        try:
            with _opened(path) as file:
                status = os.fstat(file.fileno())
                source = replace(source, size=status.st_size, mtime_ns=status.st_mtime_ns)
                data = _bytes(file, status, self.largest)
            with unlocked(self.password):
                package = without_lock(data)
                reader = reader_for(str(path), package, self.readers)
                document = replace(open_reader(reader).read(package, uri), reading=READING)
            if package is not data:
                document = replace(document, id=document_id(data))  # that of the file as it lies there
            spans = tuple(self.chunker.split(document))
        except FileFailed as failure:
            return failed(source, failure.outcome, failure.reason)
        except (KestrelError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - readers can be anyone's, and one bad file must not end a run
            return failed(source, "parse_error", f"its reader failed: {type(error).__name__}: {error}")
        return ParsedFile(replace(source, document_id=document.id), document, spans, reader)


def failed(source: Source, outcome: Outcome, reason: str) -> FailedFile:
    """The outcome of a file with its reason on one line."""
    return FailedFile(replace(source, outcome=outcome, reason=single_line(clean(reason))[:REASON_CHARACTERS]))


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            yield file
    except FileNotFoundError as error:
        raise FileFailed("vanished", "it is no longer there") from error
    except OSError as error:
        raise FileFailed("denied", f"it cannot be read: {error.strerror}") from error


def _without_waiting(path: str, flags: int) -> int:
    """A pipe that took a file's place since it was found would block an open that waits for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _bytes(file: BufferedReader, status: os.stat_result, largest: int) -> bytes:
    """All bytes of a file, which are those of one moment: a file that changes meanwhile is "vanished"."""
    if not stat.S_ISREG(status.st_mode):
        raise FileFailed("unsupported", "not a regular file")
    if status.st_size > largest:
        raise FileFailed("too_large", f"{status.st_size / 1e6:,.1f} MB, and {largest / 1e6:,.1f} MB are allowed")
    data = file.read()
    after = os.fstat(file.fileno())
    if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns) or len(data) != after.st_size:
        raise FileFailed("vanished", "it was changed while it was read; the next run reads it again")
    return data
