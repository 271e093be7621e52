"""The header of a GGUF file (ggml docs/gguf.md): as much of it as tells the name and the window of a model.

llama.cpp's server grants no more context than the file says the model was trained with, and its converter for Falcon
says 2,048 whatever was tuned later. The binding has no way to override a value of the file, so a copy with another one
is made: on file systems that share blocks between files (Btrfs, XFS, APFS) it takes no space.
"""

from __future__ import annotations

import logging
import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import UsageError

_log = logging.getLogger(__name__)

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)  # 64-bit counts; both little endian unless the machine that wrote them was not
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_UINT32, _STRING, _ARRAY = 4, 8, 9
_LONGEST = 1 << 24  # bytes of a string; more is no name, and a damaged length must not fill the memory


@dataclass(frozen=True, slots=True)
class Header:
    """`context_length` is in tokens, and `context_offset` where it stands in the file (0: it is not there)."""

    name: str
    architecture: str
    context_length: int
    context_offset: int


def read_header(path: Path) -> Header:
    """Raises `UsageError` for what is no GGUF file."""
    try:
        with path.open("rb") as file:
            return _Reader(file).header()
    except (OSError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path} is not a GGUF model: {error}.", "Give the path of a .gguf file.") from error


def with_window(path: Path, header: Header, window: int) -> Path:
    """A copy beside the file that states `window`, made once; `path` itself where the file states as much.

    Raises `UsageError` when there is no room for a copy, with the command that changes the file itself.
    """
    if not header.context_offset or header.context_length >= window:
        return path
    copy = path.with_name(f"{path.stem}.window-{window}{path.suffix}")
    if copy.exists() and copy.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return copy
    _log.warning("Copying %s to %s, which states a window of %d tokens.", path, copy.name, window)
    part = copy.with_name(copy.name + ".part")
    try:
        _copy(path, part)
        with part.open("r+b") as file:
            file.seek(header.context_offset)
            file.write(struct.pack("<I", window))
        part.replace(copy)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(
            f"{path} states a window of {header.context_length} tokens; a copy that states {window} failed: {error}.",
            f"Change the file itself: pip install gguf && gguf-set-metadata {path} "
            f"{header.architecture}.context_length {window}",
        ) from error
    return copy


def _copy(source: Path, target: Path) -> None:
    """`copy_file_range` lets the file system share the blocks."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as reading, target.open("wb") as writing:
        left = os.fstat(reading.fileno()).st_size
        while left > 0 and (done := os.copy_file_range(reading.fileno(), writing.fileno(), left)):
            left -= done


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def header(self) -> Header:
        if self._file.read(4) != _MAGIC:
            raise ValueError("it does not begin with GGUF")
        version, _tensors, pairs = self._take("<IQQ")
        if version not in _VERSIONS:
            raise ValueError(f"version {version} of the format is not known")
        texts: dict[str, str] = {}
        length, offset = 0, 0
        for _ in range(pairs):
            key, kind = self._text(), self._number()
            if key.endswith(".context_length") and kind == _UINT32:
                offset = self._file.tell()
                length = self._number()
            elif kind == _STRING and key.startswith("general."):
                texts[key] = self._text()
            else:
                self._skip(kind)
        return Header(texts.get("general.name", ""), texts.get("general.architecture", ""), length, offset)

    def _skip(self, kind: int) -> None:
        if kind == _STRING:
            self._file.seek(self._take("<Q")[0], os.SEEK_CUR)
        elif kind == _ARRAY:
            inner, count = self._take("<IQ")
            if inner in (_STRING, _ARRAY):
                for _ in range(count):
                    self._skip(inner)
            else:
                self._file.seek(count * _size(inner), os.SEEK_CUR)
        else:
            self._file.seek(_size(kind), os.SEEK_CUR)

    def _text(self) -> str:
        (length,) = self._take("<Q")
        if length > _LONGEST:
            raise ValueError(f"a text of {length} bytes is damage")
        return self._file.read(length).decode("utf-8")

    def _number(self) -> int:
        (number,) = self._take("<I")
        return int(number)

    def _take(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._file.read(struct.calcsize(layout)))


def _size(kind: int) -> int:
    if kind not in _SCALARS:
        raise ValueError(f"the kind of value {kind} is not known")
    return struct.calcsize(_SCALARS[kind])
