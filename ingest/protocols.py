"""What can be plugged in. Each protocol has a contract suite in `tests/contracts/` that every implementation passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ingest.documents import Chunk, Document, Entry, Filter, Hit, Model, Source, Span

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.changes import Change, Committed, Finding, Holding, Receipt, Statistics
    from ingest.documents import FloatMatrix, IntVector


class Reader(Protocol):
    """Turns the bytes of one file into a document."""

    suffixes: frozenset[str]  # lower case, with the dot

    def read(self, data: bytes, source: str) -> Document:
        """Raises `FileFailed` with the outcome when the bytes hold no readable text."""
        ...


class Tokens(Protocol):
    """Where the tokens of an embedding model begin in a text."""

    def starts(self, text: str) -> IntVector:
        """Ascending character offsets, one per token, special tokens left out. `len()` of it is the token count."""
        ...


class Chunker(Protocol):
    """Cuts a document into spans that ascend, do not overlap, and together cover every non-space character."""

    def split(self, document: Document) -> list[Span]: ...


class Embedder(Protocol):
    """Maps texts to unit vectors, so that the dot product of two rows is their cosine in [-1, 1]."""

    model: Model
    max_tokens: int  # longest input that is read whole, special tokens included; longer ones raise EmbedderFailed
    tokens: Tokens

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """(len(texts), dimension), float32, in the order given."""
        ...

    def embed_query(self, text: str) -> FloatMatrix:
        """(1, dimension), float32. A question longer than `max_tokens` is cut, not refused."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours over one immutable set of vectors: built once, written whole, opened, searched."""

    def search(self, query: FloatMatrix, k: int, allowed: IntVector | None = None) -> tuple[IntVector, FloatMatrix]:
        """Ids and cosines of the (at most) k nearest rows, best first, equal scores by ascending id.

        `query` is (1, dimension); `allowed` holds the only ids that may be returned, ascending.
        """
        ...

    def __len__(self) -> int: ...


class KeywordIndex(Protocol):
    """Ranked search by words over the text, title, headings and names of chunks."""

    def search(self, query: str, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        """Chunk ids with scores, best first, higher is better. Words without letters or digits match nothing."""
        ...


class Store(Protocol):
    """Documents, chunks, vectors, keywords and names: the one truth of a knowledge base, and its one commit point.

    A document lives as long as a source names it. Any number of readers and one writer at a time, across processes;
    what a method returns comes from one snapshot.
    """

    keywords: KeywordIndex
    folder: Path  # on this machine: caches, and what is kept beside a knowledge base

    @property
    def degraded(self) -> Sequence[str]:
        """Why the last vector search took a slower way (a damaged cache); empty when it did not."""
        ...

    def commit(self, changes: Sequence[Change]) -> Committed:
        """All of the changes or none. When it returns, they survive a power cut."""
        ...

    def model(self) -> Model | None: ...

    def generation(self) -> int:
        """Grows by one with each commit."""
        ...

    def statistics(self) -> Statistics: ...

    def sources(self) -> list[Source]:
        """Every name, in the order of the uri."""
        ...

    def tags(self) -> Mapping[str, str]:
        """The entity tags of pages that are stored as their servers tagged them, by name."""
        ...

    def holdings(self) -> list[Holding]:
        """What is stored under every name, in the order of the uri."""
        ...

    def document(self, document_id: str) -> Document | None:
        """The document under the first of its names."""
        ...

    def contents(self, documents: Iterable[str] | None = None) -> Mapping[str, bytes]:
        """Every document's id with a hash of all that is stored of it, in the order in which they were stored.

        The hash leaves out names, vectors and the number of the reading; stores of any kind give equal hashes for
        equal documents. With ids of `documents`, those of them that are stored.
        """
        ...

    def entry(self, source: Source) -> Entry | None:
        """What `Put` stored of the document that `source` points at, vectors included; None when it is gone."""
        ...

    def chunks(self, document_id: str) -> list[Chunk]:
        """In document order."""
        ...

    def hits(self, scored: Sequence[tuple[int, float]]) -> list[Hit]:
        """The chunks of these ids in the order given; ids that are gone are left out."""
        ...

    def known_vectors(self, hashes: Iterable[bytes]) -> Mapping[bytes, FloatMatrix]:
        """Vectors already stored for these embedding hashes, each of shape (dimension,)."""
        ...

    def vectors(self, chunks: Sequence[int]) -> Mapping[int, FloatMatrix]:
        """The vectors of these chunks, each of shape (dimension,); ids that are gone are left out."""
        ...

    def search_vectors(self, query: FloatMatrix, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        """Chunk ids with cosines, best first. Exact below a size, approximate and rescored above it."""
        ...

    def receipt(self, source: Source, document: Document | None) -> Receipt:
        """Every place that could hold a removed document's text or vectors, and what is there now."""
        ...

    def maintain(self) -> None:
        """Brings the caches in step with what was committed; call it when a run of commits ends."""
        ...

    def verify(self, full: bool = False) -> Iterator[Finding]: ...

    def rebuild(self) -> None:
        """Makes every cache anew from the truth, and gives the bytes of removed documents back to the disk."""
        ...

    def close(self) -> None: ...


class OpensStore(Protocol):
    """How a store of one kind is opened: `--kb DIR` today, another engine by another scheme later."""

    def __call__(self, location: str | Path, *, create: bool = False, read_only: bool = False) -> Store: ...
