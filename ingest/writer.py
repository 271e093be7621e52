"""Parsed files into the store: embed what is new, commit whole documents, many at a time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ingest.changes import Change, Put, Record
from ingest.documents import Entry, Source
from ingest.headers import embedding_hash, embedding_text
from ingest.reports import Embedded, Event, Failed, Read, Stored, Unchanged
from ingest.store.document_rows import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ingest.documents import FloatMatrix
    from ingest.knowledge_base import KnowledgeBase
    from ingest.protocols import Store
    from ingest.workers.pool import FailedFile, ParsedFile

GROUP_CHUNKS = 512  # a commit waits for the disk; larger groups gained nothing (docs/experiments.md)
GROUP_SECONDS = 1.0  # and nobody should wait longer than this to see a file stored
EMBED_SECONDS = 3.0  # between two progress events; also how soon Ctrl-C is seen
FEWEST_CHUNKS, MOST_CHUNKS = (
    32,
    128,
)  # embedded at a time: 32 take 5 to 9 % more of a processor than 128 (sorted by length)


class Writer:
    """Takes the outcome of each file and brings the knowledge base in step with it.

    `stored` maps each known uri to what the knowledge base holds under it; it is kept up to date. `commit` stands in
    for the store's own. `again`: documents that are stored already are replaced by what was read now.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        stored: dict[str, Source],
        commit: Callable[[Sequence[Change]], object] | None = None,
        again: bool = False,
    ) -> None:
        self._knowledge = knowledge
        self._commit = commit or knowledge.store.commit
        self._stored = stored
        self._again = again
        self._names = Counter(source.document_id for source in stored.values())  # of each document
        self._waiting: list[ParsedFile] = []
        self._refused: list[Source] = []
        self._waiting_since = time.monotonic()
        self._at_a_time = FEWEST_CHUNKS

    def take(self, parsed: ParsedFile) -> Iterator[Event]:
        """A file that was read. Commits when enough has gathered."""
        document = parsed.document
        yield Read(document.source, parsed.source.size, len(document.labels), len(parsed.spans), document.warnings)
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(parsed)
        waited = time.monotonic() - self._waiting_since
        if waited > GROUP_SECONDS or sum(len(file.spans) for file in self._waiting) >= GROUP_CHUNKS:
            yield from self.flush()

    def refuse(self, failed: FailedFile) -> Iterator[Event]:
        """A file that could not be read: remembered under its name, beside the last good version if there is one."""
        source = failed.source
        before = self._stored.get(source.uri)
        self._refused.append(replace(source, document_id=before.document_id if before else None))
        yield Failed(source.uri, source.outcome, source.reason, source.size)

    def flush(self) -> Iterator[Event]:
        """Commit all that waits."""
        group, self._waiting = self._waiting, []
        new = [file for file in group if self._is_put(file)]
        vectors: dict[bytes, FloatMatrix] = {}
        yield from self._embed(new, vectors)
        changes = [self._change(file, vectors) for file in group]
        changed = altered(self._knowledge.store, changes)
        refused, self._refused = self._refused, []
        self._commit([*changes, *map(Record, refused)])
        self._stored.update((source.uri, source) for source in refused)
        for file in group:
            yield self._settle(file, changed)

    def _is_put(self, file: ParsedFile) -> bool:
        return self._again or not self._names[file.document.id]

    def _embed(self, files: list[ParsedFile], vectors: dict[bytes, FloatMatrix]) -> Iterator[Event]:
        """Fill `vectors` for every chunk of the files; those stored already, in any document, are not made again."""
        texts = {embedding_hash(text): text for file in files for text in embedding_texts(file)}
        vectors.update(self._knowledge.store.known_vectors(texts))
        if vectors:
            yield Embedded(len(vectors))
        missing = [key for key in texts if key not in vectors]
        while missing:
            keys, missing = missing[: self._at_a_time], missing[self._at_a_time :]
            started = time.monotonic()
            rows = self._knowledge.embedder.embed_documents([texts[key] for key in keys])
            pace = len(keys) / max(time.monotonic() - started, 1e-6)
            self._at_a_time = round(min(max(pace * EMBED_SECONDS, FEWEST_CHUNKS), MOST_CHUNKS))
            vectors.update(zip(keys, rows, strict=True))
            yield Embedded(len(keys))

    def _change(self, file: ParsedFile, vectors: Mapping[bytes, FloatMatrix]) -> Change:
        if not self._is_put(file):
            return Record(file.source)
        hashes = tuple(embedding_hash(text) for text in embedding_texts(file))
        model = self._knowledge.embedder.model
        rows = np.array([vectors[key] for key in hashes], dtype=np.float32).reshape(len(hashes), model.dimension)
        return Put(Entry(file.document, file.source, file.spans, hashes, rows), model)

    def _settle(self, file: ParsedFile, changed: set[str]) -> Event:
        before = self._stored.get(file.source.uri)
        self._stored[file.source.uri] = file.source
        self._names[file.document.id] += 1
        if before:
            self._names[before.document_id] -= 1
        if before and before.document_id == file.document.id and file.document.id not in changed:
            return Unchanged(file.source.uri)
        return Stored(file.source.uri, updated=before is not None and before.document_id is not None)


def altered(store: Store, changes: Sequence[Change]) -> set[str]:
    """The ids of documents that are stored already and that the changes replace by other text, chunks or facts."""
    put = {change.entry.document.id: change.entry for change in changes if isinstance(change, Put)}
    return {name for name, content in store.contents(put).items() if content != content_hash(put[name])}


def embedding_texts(file: ParsedFile) -> list[str]:
    """What is embedded for each chunk: title and section above the chunk's own text."""
    document = file.document
    return [embedding_text(document.title, span.heading, document.text[span.start : span.end]) for span in file.spans]
