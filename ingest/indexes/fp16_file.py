"""Reads FAISS's flat index of half floats without FAISS, whose import takes longer than a whole small search."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ingest.indexes.exact import ExactIndex
from ingest.indexes.half_floats import HALF, to_single

# As faiss/impl/index_write.cpp lays out IndexIDMap2(IndexScalarQuantizer(QT_fp16, METRIC_INNER_PRODUCT)):
# the two index headers (fourcc, d, ntotal, two unused, is_trained, metric), the quantizer, its empty training data,
# and the length of the codes that follow; behind them the ids with their count.
_HEADER = struct.Struct("<4siqqq?i4siqqq?iiifQQQQ")
_COUNT = struct.Struct("<Q")
_INNER_PRODUCT = 0
_FP16 = 4


def read_fp16_index(path: Path) -> ExactIndex | None:
    """The index in memory, exact; None when the file is laid out in another way, which FAISS itself may know."""
    data = path.read_bytes()
    if len(data) < _HEADER.size:
        return None
    outer, dimension, count, _, _, _, metric, inner, *_, kind, _, _, _, _, _, code_bytes = _HEADER.unpack_from(data)
    found = (outer, inner, metric, kind, code_bytes)
    ids_at = _HEADER.size + code_bytes
    if found != (b"IxM2", b"IxSQ", _INNER_PRODUCT, _FP16, 2 * count * dimension) or len(data) < ids_at + _COUNT.size * (
        count + 1
    ):
        return None
    halves = np.frombuffer(data, HALF, count * dimension, _HEADER.size).reshape(count, dimension)
    ids = np.frombuffer(data, "<i8", count, ids_at + _COUNT.size)
    return ExactIndex(ids.astype(np.int64), to_single(halves))
