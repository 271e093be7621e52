"""The vectors table: the vectors themselves, checked as they are read. Segments are only made from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.store.faults import damaged
from ingest.store.reading import CHUNK
from ingest.store.rows import blob_checksum, unpack_vectors

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector
    from ingest.indexes.exact import ExactIndex
    from ingest.indexes.scoring import Neighbours
    from ingest.store.reading import Snapshot

BLOCK_ROWS = 20_000  # read at a time: 31 MB at 384 dimensions
NEWEST = 2**62

VECTOR = "SELECT chunk, model, vector, checksum FROM vectors"
_BETWEEN = f"{VECTOR} WHERE chunk BETWEEN ? AND ? ORDER BY chunk"
_LISTED = f"{VECTOR} JOIN json_each(?) ON json_each.value = chunk ORDER BY chunk"
_SAMPLE = f"{VECTOR} WHERE chunk BETWEEN ? AND ? AND chunk % ? = 0 ORDER BY chunk"


def vectors_between(snapshot: Snapshot, low: int, high: int) -> ExactIndex:
    """Those of the chunks low <= id <= high. Raises `KnowledgeBaseDamaged`, as all reading here does."""
    return _checked(snapshot, snapshot.connection.execute(_BETWEEN, (low, high)).fetchall())


def vectors_of(snapshot: Snapshot, chunks: IntVector) -> ExactIndex:
    return _checked(snapshot, snapshot.connection.execute(_LISTED, (json.dumps(chunks.tolist()),)).fetchall())


def known_vectors(snapshot: Snapshot, hashes: Iterable[bytes]) -> dict[bytes, FloatMatrix]:
    """See `Store.known_vectors`."""
    import numpy as np

    query = f"{CHUNK} WHERE embedding_hash = ? LIMIT 1"
    found = {name: row[0] for name in set(hashes) if (row := snapshot.row(query, (name,))) and row[8] == name}
    index = vectors_of(snapshot, np.array(sorted(set(found.values())), dtype=np.int64))
    vectors = dict(zip(index.ids.tolist(), index.vectors, strict=True))
    return {name: vectors[chunk] for name, chunk in found.items()}


def vector_blocks(snapshot: Snapshot, low: int, high: int) -> Iterator[ExactIndex]:
    """As `vectors_between`, a block at a time."""
    rows = snapshot.connection.execute(_BETWEEN, (low, high))
    while block := rows.fetchmany(BLOCK_ROWS):
        yield _checked(snapshot, block)


def sample_between(snapshot: Snapshot, low: int, high: int, every: int) -> FloatMatrix:
    """Every so many-th of the vectors, or all of them when that finds none."""
    rows = snapshot.connection.execute(_SAMPLE, (low, high, every)).fetchall()
    return _checked(snapshot, rows).vectors if rows else vectors_between(snapshot, low, high).vectors


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


def _checked(snapshot: Snapshot, rows: Sequence[tuple[int, int, bytes, int]]) -> ExactIndex:
    import numpy as np

    from ingest.indexes.exact import ExactIndex

    found = snapshot.model()
    if found is None and not rows:
        return ExactIndex(np.empty(0, np.int64), np.empty((0, 0), np.float32))
    if found is None:
        raise damaged(snapshot.folder, "it does not say which model its vectors are of")
    key, model = found
    for chunk, made_by, vector, crc in rows:
        if made_by != key or blob_checksum(vector, chunk, made_by) != crc or len(vector) != 2 * model.dimension:
            raise damaged(snapshot.folder, f"the vector of chunk {chunk} was altered")
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return ExactIndex(ids, unpack_vectors([row[2] for row in rows], model.dimension))
