"""A knowledge base: the store, and the embedding model that made its vectors."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ingest.changes import Remove
from ingest.documents import Document, Filter, Hit, Source
from ingest.embedders import open_embedder
from ingest.errors import KnowledgeBaseMismatch, NothingIndexed, UsageError
from ingest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.changes import Receipt
    from ingest.protocols import Embedder, Store

DEFAULT_EMBEDDER = "minilm"


class KnowledgeBase:
    """Documents that can be searched. Use it as a context manager, or `close()` it.

    One object may be shared by threads. The embedding model is loaded at the first dense search, not before.
    """

    def __init__(self, location: Path, store: Store, embedder: str | Embedder | None = None) -> None:
        self.location = location
        self.store = store
        self._asked_for = embedder

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        embedder: str | Embedder | None = None,
        create: bool = False,
        read_only: bool = False,
    ) -> Self:
        """Open the folder or `postgresql://` address `location`; with `create`, make it when it is not there.

        `embedder` is a specification such as "minilm" or "st:NAME", or an `Embedder`; None takes the one that the
        knowledge base was made with. Raises `NothingIndexed` when there is none, `KnowledgeBaseDamaged` and the other
        `KnowledgeBaseError`s when it cannot be used.
        """
        store = open_store(location, create=create, read_only=read_only)
        return cls(store.folder, store, embedder)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model, checked against the vectors that are stored. Raises `KnowledgeBaseMismatch`."""
        stored = self.store.model()
        asked = self._asked_for or (stored.name if stored else DEFAULT_EMBEDDER)
        embedder = open_embedder(asked) if isinstance(asked, str) else asked
        if stored and stored.fingerprint != embedder.model.fingerprint:
            raise KnowledgeBaseMismatch(
                f"{self.location} was made with the embedding model {stored.name!r} ({stored.fingerprint}), "
                f"and {embedder.model.name!r} ({embedder.model.fingerprint}) was asked for.",
                f"Leave --embedder out to use {stored.name!r}, or make a new knowledge base: "
                f"ingest add PATH --kb {self.location}-{embedder.model.name.rpartition('/')[2].replace(':', '-')} "
                f"--embedder {embedder.model.name}",
            )
        return embedder

    def search(self, query: str, k: int = 8, only: Filter | None = None) -> list[Hit]:
        """The k chunks that fit a question best, by meaning and by words together (see `ingest.search`)."""
        from ingest.search import search

        return search(self, query, k, only)

    def document(self, document_id: str) -> Document | None:
        return self.store.document(document_id)

    def text(self, source: str) -> str:
        """The stored text of a source, exactly: every offset points into it."""
        found = self.resolve(source)
        document = self.store.document(found.document_id) if found.document_id else None
        if document is None:
            raise NothingIndexed(
                f"{found.uri} was seen, but holds no text here ({found.outcome}: {found.reason}).",
                "Mend the file and add it again.",
            )
        return document.text

    def remove(self, source: str) -> Receipt:
        """Forget a source, and its document unless another name keeps it. The receipt says what is left where."""
        found = self.resolve(source)
        document = self.store.document(found.document_id) if found.document_id else None
        self.store.commit([Remove(found.uri)])
        self.store.maintain()
        return self.store.receipt(found, document)

    def resolve(self, name: str) -> Source:
        """The source a person means: its whole uri, a path from here, or the end of its path if only one has it."""
        sources = self.store.sources()
        exact = [source for source in sources if source.uri in (name, str(Path(name).absolute()))]
        ending = [source for source in sources if Path(source.uri).parts[-len(Path(name).parts) :] == Path(name).parts]
        candidates = exact or ending
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = "\n  ".join(source.uri for source in candidates[:5])
            raise UsageError(f"{name!r} may be any of {len(candidates)} sources:\n  {listed}", "Give more of the path.")
        raise UsageError(f"No source {name!r} in {self.location}.", f"See: ingest list --kb {self.location}")

    def sources(self) -> Sequence[Source]:
        return self.store.sources()

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
