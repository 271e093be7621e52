"""Segment files: FAISS indexes that are written once, whole, under a new name, with a footer that proves it.

FAISS itself neither checks nor syncs what it writes: of 560 flipped bits it accepted 473, and a full disk went
unnoticed. A file that fails the check here is never asked.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from ingest.errors import KnowledgeBaseDamaged
from ingest.store.creation import PRIVATE_FILE, PRIVATE_FOLDER, sync_folder
from ingest.store.table_rows import SegmentRow, put_rows, sealed

if TYPE_CHECKING:
    from ingest.indexes.exact import ExactIndex
    from ingest.indexes.faiss import FaissIndex
    from ingest.store.snapshot import Snapshot

FOLDER = "segments"
UNFINISHED = ".unfinished-"

_MAGIC = b"KESTSEG\n"
_FORMAT = 1
_FOOTER = struct.Struct("<8sIQI")  # magic, format, bytes of the index, their CRC-32
FOOTER_BYTES = _FOOTER.size
_PIECE = 1 << 20  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Segment:
    """A row of the manifest. `vectors` are in the file, of chunks low <= id <= high; `dead` of these are gone."""

    file: str
    model: int
    kind: str
    bytes: int
    crc: int
    vectors: int
    low: int
    high: int
    dead: int = 0

    @property
    def live(self) -> int:
        return self.vectors - self.dead

    def chunks(self, among: range) -> range:
        """Those of a range of chunk ids that this segment covers."""
        return range(max(among.start, self.low), min(among.stop, self.high + 1))


def read_manifest(snapshot: Snapshot) -> list[Segment]:
    """The segments, in the order of their ids, which do not overlap."""
    return [Segment(*row[:-1]) for row in snapshot.rows(SegmentRow, "ORDER BY low")]


def insert_segment(snapshot: Snapshot, segment: Segment) -> None:
    put_rows(snapshot.connection, SegmentRow, [sealed(*astuple(segment))])


def count_dead(snapshot: Snapshot, chunks: range) -> None:
    """Note in the manifest that these chunks, all of which are there now, are about to go."""
    for segment in read_manifest(snapshot):
        if dead := len(segment.chunks(chunks)):
            insert_segment(snapshot, replace(segment, dead=segment.dead + dead))


def write_segment(folder: Path, write_index: Callable[[Callable[[bytes], int]], None]) -> tuple[str, int, int]:
    """Write a segment file and make it durable. Returns its name, the bytes of the index and their CRC."""
    segments = folder / FOLDER
    segments.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    name = f"{os.urandom(16).hex()}.seg"
    unfinished = segments / f"{UNFINISHED}{name}"
    size = crc = 0

    def write(data: bytes) -> int:
        nonlocal size, crc
        file.write(data)
        size, crc = size + len(data), crc32(data, crc)
        return len(data)

    try:
        descriptor = os.open(
            unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), PRIVATE_FILE
        )
        with os.fdopen(descriptor, "wb") as file:
            write_index(write)
            file.write(_FOOTER.pack(_MAGIC, _FORMAT, size, crc))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(segments / name)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(segments)
    return name, size, crc


def is_there(folder: Path, segment: Segment) -> bool:
    return (folder / FOLDER / segment.file).exists()


def check_segment(folder: Path, segment: Segment) -> Path:
    """The path of a segment file whose every byte is as written. Raises `KnowledgeBaseDamaged` with what is wrong."""
    path = folder / FOLDER / segment.file
    try:
        with path.open("rb") as file:
            crc, rest = 0, segment.bytes
            while rest and (piece := file.read(min(rest, _PIECE))):
                crc, rest = crc32(piece, crc), rest - len(piece)
            footer = file.read(_FOOTER.size + 1)
    except OSError as error:
        raise _unusable(segment, f"cannot be read: {error.strerror}") from error
    if crc != segment.crc or footer != _FOOTER.pack(_MAGIC, _FORMAT, segment.bytes, segment.crc):
        raise _unusable(segment, "was altered or cut short")
    return path


def open_segment(folder: Path, segment: Segment) -> ExactIndex | FaissIndex:
    """The index of a segment, checked. Raises `KnowledgeBaseDamaged`."""
    from ingest.indexes.fp16_file import read_fp16_index

    path = check_segment(folder, segment)
    try:
        small = read_fp16_index(path) if segment.kind == "fp16" else None
        index = _through_faiss(path) if small is None else small
    except OSError as error:  # maintenance may have removed it since it was checked
        raise _unusable(segment, f"cannot be read: {error.strerror}") from error
    if len(index) != segment.vectors:
        raise _unusable(segment, f"holds {len(index)} vectors instead of {segment.vectors}")
    return index


def _through_faiss(path: Path) -> FaissIndex:
    from ingest.indexes.faiss import FaissIndex

    return FaissIndex.open(path)


def collect_garbage(folder: Path, kept: set[str]) -> None:
    """Unlink the files that the manifest does not name. Readers that have one open keep what they opened."""
    for path in (folder / FOLDER).glob("*"):
        if path.name not in kept:
            try:
                path.unlink(missing_ok=True)
            except PermissionError:  # Windows, while a reader has it open: the next time then
                continue


def _unusable(segment: Segment, problem: str) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(f"The segment {segment.file} {problem}.", "Run: ingest rebuild")
