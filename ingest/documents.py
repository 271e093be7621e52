"""The nouns of ingestion: frozen, without I/O, free to import.

Conventions that hold in the whole program: offsets are characters (not bytes) into `Document.text`, half open;
pages are 1-based; similarities are cosines of unit vectors, higher is better; times are seconds, sizes are bytes,
lengths are tokens of the embedding model unless another model is named.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # numpy costs 0.1 s, and `--help` needs none of it
    import numpy as np
    from numpy.typing import NDArray

    FloatMatrix = NDArray[np.float32]  # (rows, dimension), every row of unit length
    IntVector = NDArray[np.int64]

MetadataValue = str | int | float | bool
Metadata = Mapping[str, MetadataValue]

# What readers and chunkers give now. It is raised when that changes, so that it can be told what was read before.
READING = 1

Outcome = Literal[
    "ok",
    "empty",  # opened, holds no text
    "needs_ocr",  # pages that are pictures only
    "encrypted",  # needs a password
    "unsupported",  # no reader for this kind of content
    "too_large",
    "timeout",  # the reader passed its time limit
    "memory",  # the reader passed its memory limit
    "crashed",  # the reader's process died
    "parse_error",
    "vanished",  # gone or replaced while it was read
    "denied",  # no permission
]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading found in a document: `level` 1 is the highest, `start` is where its section begins in the text."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one file, and where things stand in it.

    `id` is the sha256 of the file's bytes (64 hex digits), so equal files are one document. `text` has `\\n` newlines
    only. `pages[i]` is the offset at which page i + 1 begins; formats without pages have the single page `(0,)` and
    no `labels`. `labels[i]` is what is printed on page i + 1 ("iv", "A-3"). `reading` is the `READING` of the Kestrel
    that read it, 0 where that did not say.
    """

    id: str
    text: str
    source: str
    title: str = ""
    pages: tuple[int, ...] = (0,)
    labels: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    metadata: Metadata = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reading: int = 0

    def page_at(self, offset: int) -> int:
        """The 1-based page on which the character at `offset` stands."""
        return max(1, bisect_right(self.pages, offset))

    def label_of(self, page: int) -> str:
        """The label printed on a 1-based page; "" for formats without pages."""
        return self.labels[page - 1] if self.labels else ""


@dataclass(frozen=True, slots=True)
class Span:
    """What a chunker returns: a stretch of `Document.text` and the path of headings above it ("Leave > Parental")."""

    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored span: `document.text[start:end] == text`, always. `id` is given by the store and never used again."""

    id: int
    document_id: str
    ordinal: int
    start: int
    end: int
    text: str
    page: int = 1
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A name under which a document was found, with what its file looked like then.

    `uri` is an absolute path (or a URL). Many sources may name one document. After a failed read `document_id` keeps
    pointing at the last good version, if there was one, and `outcome` says what is wrong with the present file.
    """

    uri: str
    size: int
    mtime_ns: int
    document_id: str | None
    outcome: Outcome = "ok"
    reason: str = ""
    seen: float = 0.0  # seconds since the epoch at which the file was last read


@dataclass(frozen=True, slots=True)
class Entry:
    """A document ready to be stored: `hashes[i]` names what was embedded for `spans[i]`, `vectors[i]` is the result."""

    document: Document
    source: Source
    spans: tuple[Span, ...]
    hashes: tuple[bytes, ...]
    vectors: FloatMatrix


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a search may return: any of `sources` (glob patterns or file names), all of `metadata`."""

    sources: tuple[str, ...] = ()
    metadata: tuple[tuple[str, MetadataValue], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sources or self.metadata)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, with one of its document's names. `score` is comparable within one result only.

    It begins on `chunk.page`, which carries `label`, and ends on `last_page`.
    """

    chunk: Chunk
    score: float
    source: str
    label: str = ""
    title: str = ""
    last_page: int = 1


@dataclass(frozen=True, slots=True)
class Model:
    """The embedding model of a knowledge base. Vectors of two fingerprints are never compared."""

    name: str
    fingerprint: str
    dimension: int


def document_id(data: bytes) -> str:
    """The identity of a file: sha256 of its bytes, in hex."""
    return hashlib.sha256(data).hexdigest()
