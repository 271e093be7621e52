"""PDF: streams that unpack to far more than a page needs are refused before a library unpacks them into memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ingest.errors import FileFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 300_000_000  # bytes of one stream; a page of dense text has 50,000
MOST_RATIO = 1032  # deflate packs no better: a shorter stream cannot reach the largest
DICTIONARY = 2000  # bytes before a stream, in which its filter is named
PROBE = 65_536  # packed bytes, which tell whether the rest is worth a look
SUSPECT = 50  # times as large unpacked; text and drawings reach 10
STEP = 1_000_000


def refuse_bombs(data: bytes) -> None:
    """Raise `FileFailed("too_large")` where a stream packed by FlateDecode unpacks to more than 300 MB.

    Pictures are left alone: no library unpacks them for the text, and an empty large one packs as well as a bomb.
    """
    for begin, end in _long_streams(data):
        head = data[max(0, begin - DICTIONARY) : begin].rpartition(b"obj")[2]
        if b"/FlateDecode" in head and b"/Image" not in head and _unpacks_too_far(data, begin, end):
            raise FileFailed("too_large", f"a stream of it unpacks to more than {LARGEST // 1_000_000} MB")


def _long_streams(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the streams begin and end that are long enough to unpack to the largest."""
    end = 0
    while (word := data.find(b"stream", end)) >= 0:
        begin = word + len(b"stream")
        begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
        end = data.find(b"endstream", begin)
        end = len(data) if end < 0 else end
        if (end - begin) * MOST_RATIO >= LARGEST:
            yield begin, end
        end += len(b"endstream")


def _unpacks_too_far(data: bytes, begin: int, end: int) -> bool:
    """Unpacked piece by piece, of which none is kept. What is damaged does not unpack too far."""
    size = 0
    unpacking = zlib.decompressobj()
    try:
        for place in range(begin, end, PROBE):
            packed = data[place : min(place + PROBE, end)]
            while packed and not unpacking.eof:
                size += len(unpacking.decompress(packed, STEP))
                packed = unpacking.unconsumed_tail
                if size > LARGEST:
                    return True
            if unpacking.eof or (place == begin and size < SUSPECT * PROBE):
                return False
    except zlib.error:
        return False
    return False
