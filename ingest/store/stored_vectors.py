"""The vectors table: the vectors themselves, checked as they are read. Segments are only made from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from ingest.documents import Model
from ingest.store.faults import damaged
from ingest.store.rows import unpack_vectors
from ingest.store.table_rows import ChunkRow, VectorRow

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector
    from ingest.indexes.exact import ExactIndex
    from ingest.indexes.scoring import Neighbours
    from ingest.store.snapshot import Snapshot

BLOCK_ROWS = 20_000  # read at a time: 31 MB at 384 dimensions
NEWEST = 2**62
BYTES = 2  # of a dimension

_BETWEEN = "WHERE chunk BETWEEN ? AND ? ORDER BY chunk"
_LISTED = "WHERE chunk IN (SELECT value FROM json_each(?)) ORDER BY chunk"
_SAMPLE = "WHERE chunk BETWEEN ? AND ? AND chunk % ? = 0 ORDER BY chunk"


def vectors_between(snapshot: Snapshot, low: int, high: int) -> ExactIndex:
    """Those of the chunks low <= id <= high. Raises `KnowledgeBaseDamaged`, as all reading here does."""
    return _index(snapshot, list(snapshot.rows(VectorRow, _BETWEEN, (low, high))))


def vectors_of(snapshot: Snapshot, chunks: Iterable[int]) -> ExactIndex:
    """Those of the chunks that are there, by ascending id."""
    return _index(snapshot, list(snapshot.rows(VectorRow, _LISTED, (json.dumps(sorted(set(chunks))),))))


def known_vectors(snapshot: Snapshot, hashes: Iterable[bytes]) -> dict[bytes, FloatMatrix]:
    """See `Store.known_vectors`."""
    which = "WHERE embedding_hash = ? LIMIT 1"
    rows = {name: snapshot.row(ChunkRow, which, (name,)) for name in set(hashes)}
    found = {name: row.id for name, row in rows.items() if row and row.embedding_hash == name}
    index = vectors_of(snapshot, found.values())
    vectors = dict(zip(index.ids.tolist(), index.vectors, strict=True))
    return {name: vectors[chunk] for name, chunk in found.items()}


def vector_blocks(snapshot: Snapshot, low: int, high: int) -> Iterator[ExactIndex]:
    """As `vectors_between`, a block at a time."""
    rows = snapshot.rows(VectorRow, _BETWEEN, (low, high))
    while block := list(islice(rows, BLOCK_ROWS)):
        yield _index(snapshot, block)


def sample_between(snapshot: Snapshot, low: int, high: int, every: int) -> FloatMatrix:
    """Every so many-th of the vectors, or all of them when that finds none."""
    rows = list(snapshot.rows(VectorRow, _SAMPLE, (low, high, every)))
    return _index(snapshot, rows).vectors if rows else vectors_between(snapshot, low, high).vectors


def scan(
    snapshot: Snapshot, bounds: tuple[int, int], query: FloatMatrix, k: int, allowed: IntVector | None
) -> Neighbours:
    """The k nearest within the bounds, without an index and in little memory: 3.5 ms for a thousand vectors."""
    from ingest.indexes.scoring import merge

    found: list[Neighbours] = []
    for block in vector_blocks(snapshot, *bounds):
        found = [merge([*found, block.search(query, k, allowed)], k)]
    return merge(found, k)


def ids_between(snapshot: Snapshot, low: int, high: int) -> IntVector:
    """Ids of the chunks low <= id <= high that are there, ascending."""
    import numpy as np

    rows = snapshot.connection.execute("SELECT id FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", (low, high))
    return np.fromiter((row[0] for row in rows), np.int64)


def _index(snapshot: Snapshot, rows: Sequence[VectorRow]) -> ExactIndex:
    import numpy as np

    from ingest.indexes.exact import ExactIndex

    key, model = snapshot.model() or (0, Model("", "", 0))
    for row in rows:
        if row.model != key or len(row.vector) != BYTES * model.dimension:
            raise damaged(snapshot.folder, f"the vector of chunk {row.chunk} is not of the model {model.name!r}")
    ids = np.fromiter((row.chunk for row in rows), np.int64, len(rows))
    return ExactIndex(ids, unpack_vectors([row.vector for row in rows], model.dimension))
