"""PDF: streams that unpack to far more than a page needs are refused before a library unpacks them into memory."""

from __future__ import annotations

import re
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
DEEPEST = 4  # times that a stream is unpacked here, as nobody packs it twice
_PACKED_TWICE = re.compile(rb"/FlateDecode\s*/FlateDecode")


def refuse_bombs(data: bytes) -> None:
    """Raise `FileFailed("too_large")` where a stream packed by FlateDecode unpacks to more than 300 MB.

    One that was packed several times counts at each of them. Pictures are left alone: no library unpacks them for the
    text, and an empty large one packs as well as a bomb.
    """
    shortest = LARGEST // MOST_RATIO if not _PACKED_TWICE.search(data) else 0
    for begin, end in _streams(data, shortest):
        head = data[max(0, begin - DICTIONARY) : begin].rpartition(b"obj")[2]
        times = min(head.count(b"/FlateDecode"), DEEPEST)
        if times and b"/Image" not in head and _unpacks_too_far(memoryview(data)[begin:end], times):
            raise FileFailed("too_large", f"a stream of it unpacks to more than {LARGEST // 1_000_000} MB")


def _streams(data: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Where the streams begin and end that have more bytes than the shortest."""
    end = 0
    while (word := data.find(b"stream", end)) >= 0:
        begin = word + len(b"stream")
        begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
        end = data.find(b"endstream", begin)
        end = len(data) if end < 0 else end
        if end - begin > shortest:
            yield begin, end
        end += len(b"endstream")


def _unpacks_too_far(packed: memoryview, times: int) -> bool:
    """Whether what is unpacked once, twice and so on grows too large. What is damaged does not unpack too far."""
    for each in range(1, times + 1):
        suspicious = min(LARGEST, SUSPECT * min(PROBE, len(packed)))
        if _grows_beyond(suspicious, packed[:PROBE], each) and _grows_beyond(LARGEST, packed, each):
            return True
    return False


def _grows_beyond(limit: int, packed: memoryview, times: int) -> bool:
    pieces: Iterator[bytes | memoryview] = (packed[place : place + PROBE] for place in range(0, len(packed), PROBE))
    for _ in range(times):
        pieces = _unpacked(pieces)
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                return True
    except zlib.error:
        return False
    return False


def _unpacked(pieces: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    """Piece by piece, of which none is kept."""
    unpacking = zlib.decompressobj()
    for piece in pieces:
        packed: bytes | memoryview = piece
        while packed and not unpacking.eof:
            yield unpacking.decompress(packed, STEP)
            packed = unpacking.unconsumed_tail
        if unpacking.eof:
            return
