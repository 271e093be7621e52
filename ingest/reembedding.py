"""The same documents and chunks under another embedding model: nothing is read or cut again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.changes import Change, Put, Record
from ingest.errors import KnowledgeBaseMismatch
from ingest.headers import embedding_hash, embedding_text

if TYPE_CHECKING:
    from ingest.documents import Entry, Source
    from ingest.knowledge_base import KnowledgeBase
    from ingest.protocols import Embedder


def reembed(knowledge: KnowledgeBase, into: KnowledgeBase) -> Iterator[int]:
    """Put every document of `knowledge` into `into`, with vectors of that one's embedder. Yields the documents done.

    Documents that are there already are passed over, so that it can be run again after a stop. Raises
    `KnowledgeBaseMismatch` where `into` holds vectors of another model than it was opened with; `EmbedderFailed` where
    a chunk is longer than the new model reads.
    """
    stored = into.store.model()
    if stored and stored.fingerprint != into.embedder.model.fingerprint:
        raise KnowledgeBaseMismatch(
            f"{into.location} holds vectors of {stored.name!r}, not of {into.embedder.model.name!r}.",
            "Take another folder for the new vectors.",
        )
    known = {source.uri: source for source in into.sources()}
    named: dict[str, list[Source]] = {}
    for source in knowledge.sources():
        if source.document_id and known.get(source.uri) != source:
            named.setdefault(source.document_id, []).append(source)
    for done, (first, *others) in enumerate(named.values(), 1):
        entry = knowledge.store.entry(first)
        if entry is not None:  # None: removed meanwhile
            changes: list[Change] = [Put(_embedded(entry, into.embedder), into.embedder.model)]
            into.store.commit([*changes, *map(Record, others)])
        yield done
    into.store.maintain()


def _embedded(entry: Entry, embedder: Embedder) -> Entry:
    document = entry.document
    texts = [embedding_text(document.title, span.heading, document.text[span.start : span.end]) for span in entry.spans]
    return replace(entry, hashes=tuple(map(embedding_hash, texts)), vectors=embedder.embed_documents(texts))
