"""A knowledge base into a file and out of it, vectors included: nothing is read or embedded again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Change, Put, Record
from ingest.documents import Entry, Source
from ingest.errors import KnowledgeBaseDamaged, KnowledgeBaseMismatch, NothingIndexed
from ingest.transfer_file import ExportReader, ExportWriter, Probe

if TYPE_CHECKING:
    from ingest.protocols import Store

PIECE_CHUNKS = 2048  # at least so many chunks in a piece: one commit on the way in
PROBES = 50
PROBE_RESULTS = 10
PROBE_WORDS = 8


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transfer did. `present` documents were there before; `equal_answers` is None when nothing was compared."""

    documents: int
    chunks: int
    sources: int
    present: int = 0
    probes: int = 0
    equal_answers: int | None = None

    @property
    def answers_agree(self) -> bool:
        """Nine of ten must: two large collections may be indexed in other pieces, and approximate search shows it."""
        return self.equal_answers is None or self.equal_answers >= 0.9 * self.probes


def export(store: Store, path: Path) -> Iterator[int | Moved]:
    """Write all of `store` to `path`. Yields the documents written so far, `Moved` at the end.

    Documents that others remove meanwhile are left out, those added meanwhile too; the manifest counts what is in. Then
    no searches are put beside them, since an import would not find the same.
    """
    model = store.model()
    if model is None:
        raise NothingIndexed("There is no document to export.", "Add some first: ingest add PATH")
    began = store.generation()
    sources = store.sources()
    names = _first_names(sources)
    written: list[str] = []
    with ExportWriter(path, model) as file:
        stored = (store.entry(names[document]) for document in store.contents() if document in names)
        for entries in _gathered(entry for entry in stored if entry is not None):
            file.piece(entries)
            written += [entry.document.id for entry in entries]
            yield len(written)
        there = {None, *written}
        probes = list(_probes(store, written))
        if store.generation() != began:  # the searches found what is not in the file
            probes = []
        file.finish([source for source in sources if source.document_id in there], probes)
    yield Moved(file.counts["documents"], file.counts["chunks"], file.counts["sources"], probes=len(probes))


def import_file(store: Store, path: Path) -> Iterator[int | Moved]:
    """Put all of an export into `store`. Run again after a stop, it goes on with what is not there yet.

    Every document is read back and compared, vectors included; the store is verified in full; then the questions that
    were asked at the export are asked again, unless it holds other documents too. Raises `KnowledgeBaseMismatch`,
    `KnowledgeBaseDamaged`.
    """
    with ExportReader(path) as file:
        _require_same_model(store, file, path)
        sources = file.sources()
        present, done = 0, 0
        for here, put in _fill(store, file, sources):
            present, done = present + here, done + here + put
            yield done
        store.maintain()
        _compare(store, file, sources)
        _verify(store)
        yield _moved(store, file, present)


def _require_same_model(store: Store, file: ExportReader, path: Path) -> None:
    stored = store.model()
    if stored and stored.fingerprint != file.model.fingerprint:
        raise KnowledgeBaseMismatch(
            f"{path} holds vectors of {file.model.name!r} ({file.model.fingerprint}), and the knowledge base those of "
            f"{stored.name!r} ({stored.fingerprint}).",
            "Import into a new knowledge base, with another --kb.",
        )


def _fill(store: Store, file: ExportReader, sources: Sequence[Source]) -> Iterator[tuple[int, int]]:
    """Commit piece after piece; how many documents of each were there already, and how many were put."""
    known = {source.uri: source for source in store.sources()}
    names: dict[str | None, list[Source]] = {}
    for source in sources:
        names.setdefault(source.document_id, []).append(source)
    for entries in file.pieces(_first_names(sources)):
        missing = [e for e in entries if any(known.get(name.uri) != name for name in names[e.document.id])]
        changes: list[Change] = []
        for entry in missing:
            changes += [Put(entry, file.model), *map(Record, names[entry.document.id][1:])]
        store.commit(changes)
        yield len(entries) - len(missing), len(missing)
    store.commit([Record(source) for source in names.get(None, []) if known.get(source.uri) != source])


def _compare(store: Store, file: ExportReader, sources: Sequence[Source]) -> None:
    for entries in file.pieces(_first_names(sources)):
        for entry in entries:
            stored = store.entry(entry.source)
            if stored is None or not _equal(entry, stored):
                raise KnowledgeBaseDamaged(
                    f"{entry.source.uri} is not stored as it stands in the file.",
                    "Another process may have changed it meanwhile; run: ingest verify --full, then import again.",
                )


def _verify(store: Store) -> None:
    """What `ingest verify --full` does: caches too, and whatever else was there before the import."""
    if findings := list(store.verify(full=True)):
        first = findings[0]
        raise KnowledgeBaseDamaged(
            f"All of the file is stored, but {len(findings)} problems were found. {first.where}: {first.problem}.",
            f"{first.remedy} All are listed by: ingest verify --full",
        )


def _equal(entry: Entry, stored: Entry) -> bool:
    same = (entry.document, entry.spans, entry.hashes) == (stored.document, stored.spans, stored.hashes)
    return same and bool((entry.vectors == stored.vectors).all())


def _moved(store: Store, file: ExportReader, present: int) -> Moved:
    counts = file.counts["documents"], file.counts["chunks"], file.counts["sources"]
    if store.statistics().documents != file.counts["documents"]:
        return Moved(*counts, present=present)
    if not (probes := list(file.probes())):
        return Moved(*counts, present=present)
    equal = sum(_probe(store, probe.document, probe.ordinal) == probe for probe in probes)
    return Moved(*counts, present=present, probes=len(probes), equal_answers=equal)


def _first_names(sources: Sequence[Source]) -> dict[str, Source]:
    """The first name of every document."""
    return {source.document_id: source for source in reversed(sources) if source.document_id is not None}


def _gathered(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    for entry in entries:
        group.append(entry)
        if sum(len(each.spans) for each in group) >= PIECE_CHUNKS or len(group) >= PIECE_CHUNKS:
            yield group
            group = []
    if group:
        yield group


def _probes(store: Store, documents: Sequence[str]) -> Iterator[Probe]:
    """The middle chunks of documents from the whole range."""
    for document in documents[:: max(1, len(documents) // PROBES)][:PROBES]:
        if chunks := store.chunks(document):
            yield _probe(store, document, len(chunks) // 2)


def _probe(store: Store, document: str, ordinal: int) -> Probe:
    chunk = store.chunks(document)[ordinal]
    by_vector = store.search_vectors(store.vectors([chunk.id])[chunk.id][None], PROBE_RESULTS)
    by_words = store.keywords.search(" ".join(chunk.text.split()[:PROBE_WORDS]), PROBE_RESULTS)
    places = (
        tuple((h.chunk.document_id, h.chunk.ordinal) for h in store.hits(found)) for found in (by_vector, by_words)
    )
    return Probe(document, ordinal, *places)
