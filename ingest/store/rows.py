"""How values become columns: text as UTF-8 bytes, vectors as half floats, and a checksum for every row."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix

BLOCK = 8192  # characters of document text in one row: a chunk is read from one or two rows, whatever the document
Column = int | float | str | bytes | None


def checksum(*columns: Column) -> int:
    """CRC-32 of a row. It sees every flip of a single bit, and of up to 32 bits in a row of bits.

    `ascii` writes each of these types in one way only, the same under every version of Python.
    """
    return crc32(ascii(columns).encode("ascii"))


def blob_checksum(blob: bytes, *key: Column) -> int:
    """`checksum` for rows that are one large value and its key: the value is not copied."""
    return crc32(blob, checksum(*key))


def pack(text: str) -> bytes:
    """UTF-8 that also carries NULs and lone surrogates (names that are not Unicode), which TEXT columns do not."""
    return text.encode("utf-8", "surrogatepass")


def unpack(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def text_hash(text: str) -> bytes:
    """blake2b of 128 bits: names a text in the chunks table."""
    return hashlib.blake2b(pack(text), digest_size=16).digest()


def to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def blocks(text: str) -> list[bytes]:
    """The text in rows of `BLOCK` characters."""
    return [pack(text[start : start + BLOCK]) for start in range(0, len(text), BLOCK)]


def pack_vectors(vectors: FloatMatrix) -> list[bytes]:
    from ingest.indexes.half_floats import to_half

    return [row.tobytes() for row in to_half(vectors)]


def unpack_vectors(rows: list[bytes], dimension: int) -> FloatMatrix:
    """(len(rows), dimension), float32."""
    import numpy as np

    from ingest.indexes.half_floats import HALF, to_single

    return to_single(np.frombuffer(b"".join(rows), HALF).reshape(len(rows), dimension))
