"""What changes mean: names point at documents, and a document lives as long as a name points at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.changes import Change, Committed, Put, Record, Remove, Tag
from ingest.documents import Entry, Model, Source
from ingest.errors import KnowledgeBaseError, KnowledgeBaseMismatch
from ingest.store import document_rows
from ingest.store.digest import Digest
from ingest.store.rows import pack
from ingest.store.schema import TAGS, write_meta
from ingest.store.snapshot import Snapshot
from ingest.store.table_rows import DocumentRow, ModelRow, SourceRow, TagRow, put_rows, sealed
from ingest.store.validation import validate


@dataclass(slots=True)
class Tally:
    documents_added: int = 0
    documents_removed: int = 0
    chunks_added: int = 0
    chunks_removed: int = 0


class Batch:
    """Applies changes, in their order, inside a transaction that the caller has begun and will commit.

    What has lost its last name goes at the end: names may be swapped or moved by changes in any order.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.removed: dict[str, range] = {}  # chunk ids of each document that went
        self._snapshot = snapshot
        self._connection = snapshot.connection
        self._meta = snapshot.meta()
        self._digest = Digest(snapshot)
        self._tally = Tally()
        self._renamed: set[int] = set()  # keys of documents that gained or lost a name

    @property
    def unindexed(self) -> int:
        """How many chunk ids no segment covers."""
        return self._meta["next_chunk"] - 1 - self._meta["indexed_upto"]

    def apply(self, changes: Sequence[Change]) -> Committed:
        for change in changes:
            match change:
                case Put(entry, model):
                    self._put(entry, model)
                case Record(source):
                    self._point(source, self._stored_key(source))
                case Remove(uri):
                    self._forget(uri)
                case Tag():
                    self._tag(change)
        for key in sorted(self._renamed):
            self._settle(key)
        self._meta["generation"] += 1
        self._meta |= {"digest": self._digest.value(), "digested": self._meta["generation"]}
        write_meta(self._connection, **self._meta)
        tally = self._tally
        return Committed(
            self._meta["generation"],
            tally.documents_added,
            tally.documents_removed,
            tally.chunks_added,
            tally.chunks_removed,
        )

    def _put(self, entry: Entry, model: Model) -> None:
        validate(entry, model)
        model_key = self._model_key(model)
        content = document_rows.content_hash(entry)
        present = self._snapshot.document(entry.document.id)
        if present and present.content == content:
            self._digest.touch_document(present.key)
            document_rows.describe(self._snapshot, present, entry.document)
            self._point(entry.source, present.key)
        elif present:
            self._replace(present, entry, model_key, content)
        else:
            self._point(entry.source, self._insert(entry, model_key, content))

    def _model_key(self, model: Model) -> int:
        found = self._snapshot.model()
        if found is None:
            put_rows(self._connection, ModelRow, [sealed(1, model.name, model.fingerprint, model.dimension)])
            self._meta["model"] = 1
            write_meta(self._connection, model=1)
            return 1
        key, stored = found
        if stored.fingerprint != model.fingerprint:
            raise KnowledgeBaseMismatch(
                f"{self._snapshot.folder} holds vectors of {stored.name!r} ({stored.fingerprint}); the new ones are of "
                f"{model.name!r} ({model.fingerprint}), and the two cannot be compared.",
                f"Go on with {stored.name!r}, or make a new knowledge base with another --kb.",
            )
        return key

    def _insert(self, entry: Entry, model_key: int, content: bytes) -> int:
        key, first = self._meta["next_document"], self._meta["next_chunk"]
        self._meta["next_document"] += 1
        self._digest.touch_document(key)
        self._meta["next_chunk"] += len(entry.spans)
        document_rows.insert(self._connection, (key, first, model_key), entry, content)
        self._tally.documents_added += 1
        self._tally.chunks_added += len(entry.spans)
        return key

    def _replace(self, present: DocumentRow, entry: Entry, model_key: int, content: bytes) -> None:
        """Other chunks for bytes that are stored already (a new chunker or reader): all names move to them."""
        named = list(self._snapshot.rows(SourceRow, "WHERE document = ?", (present.key,)))
        for row in named:
            self._digest.touch_name(row.uri)
        self._connection.execute("UPDATE sources SET document = NULL WHERE document = ?", (present.key,))
        self._drop(present)
        key = self._insert(entry, model_key, content)
        put_rows(self._connection, SourceRow, [sealed(*row._replace(document=key)[:-1]) for row in named])
        self._point(entry.source, key)
        self._renamed.add(key)

    def _drop(self, row: DocumentRow) -> None:
        self._digest.touch_document(row.key)
        self.removed[row.id] = document_rows.drop(self._snapshot, row)
        self._tally.documents_removed += 1
        self._tally.chunks_removed += row.chunks

    def _stored_key(self, source: Source) -> int | None:
        if source.document_id is None:
            return None
        row = self._snapshot.document(source.document_id)
        if row is None:
            raise KnowledgeBaseError(
                f"{source.uri} is to point at document {source.document_id}, which is not stored.",
                "Another process may have removed it: add the file again.",
            )
        return row.key

    def _point(self, source: Source, key: int | None) -> None:
        """Set what is known of a name, and the document that it points at."""
        uri = pack(source.uri)
        self._digest.touch_name(uri)
        before = self._target(uri)
        facts = (source.size, source.mtime_ns, source.outcome, pack(source.reason), float(source.seen))
        put_rows(self._connection, SourceRow, [sealed(uri, key, *facts)])
        if before != key:
            self._renamed.update(document for document in (before, key) if document is not None)

    def _forget(self, uri: str) -> None:
        self._digest.touch_name(pack(uri))
        before = self._target(pack(uri))
        self._connection.execute("DELETE FROM sources WHERE uri = ?", (pack(uri),))
        if before is not None:
            self._renamed.add(before)

    def _tag(self, tag: Tag) -> None:
        uri = pack(tag.uri)
        if self._snapshot.row(SourceRow, "WHERE uri = ? AND mtime_ns = ?", (uri, tag.mtime_ns)):
            self._connection.execute(TAGS)
            put_rows(self._connection, TagRow, [sealed(uri, tag.mtime_ns, pack(tag.value))])

    def _target(self, uri: bytes) -> int | None:
        found = self._connection.execute("SELECT document FROM sources WHERE uri = ?", (uri,)).fetchone()
        return found[0] if found else None

    def _settle(self, key: int) -> None:
        row = self._snapshot.row(DocumentRow, "WHERE key = ?", (key,))
        if row is None:  # replaced
            return
        if self._snapshot.names(key):
            self._digest.touch_document(key)
            document_rows.rename(self._snapshot, row)
        else:
            self._drop(row)
