"""FAISS, for sets too large for brute force. The only file that imports it (0.1 s, paid at the first use).

Kinds, by what they cost and keep (16,667 real chunks, recall of the ten nearest; 100,000 synthetic for the times):
"fp16" the stored half floats themselves, exact; "sq8" one byte a dimension, recall 0.994, a quarter of the memory
and a third of the time of float32; "ivf" sq8 in inverted lists, 0.9 ms at a million.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ingest.errors import KnowledgeBaseDamaged
from ingest.indexes.scoring import Neighbours, best, check_query

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix, IntVector

Kind = Literal["fp16", "sq8", "ivf"]

BUFFER_BYTES = 1 << 20  # handed to the writer at a time
PROBES = 32  # inverted lists searched of `_lists(n)`: recall 0.97 of sq8 on 16,667 real chunks in 128 lists
SAME = 1e-6  # scores closer than this may be equal: FAISS sums rows in groups, in another order at the end


class FaissBuilder:
    """Makes a `FaissIndex` block by block, so that the vectors need not be in memory together."""

    def __init__(self, sample: FloatMatrix, count: int, kind: Kind) -> None:
        """`sample` is what value ranges and lists are learned from, (rows, dimension); `count` rows will be added."""
        faiss = _faiss()
        rows = np.ascontiguousarray(sample, dtype=np.float32)
        inner = faiss.index_factory(rows.shape[1], _recipe(kind, count), faiss.METRIC_INNER_PRODUCT)
        inner.train(rows)
        self._index = faiss.IndexIDMap2(inner)

    def add(self, ids: IntVector, vectors: FloatMatrix) -> None:
        """`ids` are not negative, each is added once; `vectors` is (len(ids), dimension), unit rows."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def finish(self) -> FaissIndex:
        return FaissIndex(self._index)


class FaissIndex:
    """Immutable: built whole, written whole, opened by memory mapping, never added to (that ends the process)."""

    def __init__(self, index: Any) -> None:
        self._index = index
        inverted = _faiss().try_extract_index_ivf(index)
        self._lists = int(inverted.nlist) if inverted else 0

    @classmethod
    def build(cls, ids: IntVector, vectors: FloatMatrix, kind: Kind) -> FaissIndex:
        """`ids` ascend and are not negative; `vectors` is (len(ids), dimension), unit rows."""
        builder = FaissBuilder(vectors, len(ids), kind)
        builder.add(ids, vectors)
        return builder.finish()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a file that `write` made; bytes behind the index are allowed. Raises `KnowledgeBaseDamaged`."""
        faiss = _faiss()
        # Without a limit, 1.3 KB that claim to hold a gigabyte made FAISS touch one before it noticed.
        faiss.set_deserialization_vector_byte_limit(path.stat().st_size + 1)
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise KnowledgeBaseDamaged(f"{path} is no FAISS index: {_first_line(error)}.") from error

    @property
    def ids(self) -> IntVector:
        """Every id, in the order in which they were added."""
        return np.asarray(_faiss().vector_to_array(self._index.id_map), dtype=np.int64)

    def write(self, write: Callable[[bytes], int]) -> None:
        """Hand the index to `write` in pieces; what that raises comes through."""
        faiss = _faiss()
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write, BUFFER_BYTES))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: FloatMatrix, k: int, allowed: IntVector | None = None) -> Neighbours:
        """See `VectorIndex.search`; ids and order are approximate but for "fp16"."""
        row = check_query(query, self._index.d)[None]
        wanted = min(k, len(self) if allowed is None else len(allowed))
        if wanted < 1:
            return best(np.empty(0, np.int64), np.empty(0, np.float32), 0)
        _faiss().omp_set_num_threads(1)  # of this thread: two that wait for each other took 40 ms instead of 0.3
        found = self._nearest(row, wanted, self._parameters(allowed, PROBES))
        if len(found[0]) < wanted and self._lists > PROBES:  # the lists that were searched hold too few
            found = self._nearest(row, wanted, self._parameters(allowed, self._lists))
        return best(*found, k)

    def _nearest(self, row: FloatMatrix, wanted: int, parameters: Any) -> Neighbours:
        """The `wanted` nearest, with all that may score the same as the last of them."""
        scores, ids = (part[0] for part in self._index.search(row, min(wanted + 1, len(self)), params=parameters))
        found = ids >= 0  # FAISS fills up with -1
        if found.sum() > wanted and scores[wanted] > scores[wanted - 1] - SAME:
            _, scores, ids = self._index.range_search(row, float(scores[wanted]) - SAME, params=parameters)
            return ids, scores
        return ids[found], scores[found]

    def _parameters(self, allowed: IntVector | None, probes: int) -> Any:
        faiss = _faiss()
        parameters = faiss.SearchParametersIVF() if self._lists else faiss.SearchParameters()
        if self._lists:
            parameters.nprobe = min(probes, self._lists)
        if allowed is not None:
            member = np.zeros(int(allowed[-1]) + 1, dtype=bool)
            member[allowed] = True
            parameters.sel = faiss.IDSelectorBitmap(np.packbits(member, bitorder="little"))
        return parameters


def _faiss() -> Any:
    """The module, untyped: its stub knows C++ signatures where the Python ones differ."""
    return import_module("faiss")


def _recipe(kind: Kind, count: int) -> str:
    """FAISS's name for the kind (https://github.com/facebookresearch/faiss/wiki/The-index-factory)."""
    return {"fp16": "SQfp16", "sq8": "SQ8", "ivf": f"IVF{_lists(count)},SQ8"}[kind]


def _lists(count: int) -> int:
    """Inverted lists for so many vectors: 4 * sqrt(n), as FAISS's guidelines advise for up to a million.

    Fewer for small sets, since its clustering wants 39 vectors a list.
    """
    return max(1, min(int(4 * count**0.5), count // 39))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
