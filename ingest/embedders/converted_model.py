"""Compiled models kept between runs: a start loads one in 0.07 s where building and compiling it takes a second.

A file holds what OpenVINO exports and, behind it, the sha256 of that. It is written only from weights whose own
sha256 was right, under another name first and then renamed; and its sum is made again at each start, before anything
of it is used (0.06 s, while the tokenizer loads). So vectors never come from bytes that nobody checked: a copy that
was cut short, or that the disk has changed, is made anew. Who can write the user's cache can write the programs the
user runs, so a sum is enough and a signature would add nothing.

Of the ways to start (seconds of processor time here): graph from the weights 0.17, OpenVINO's IR 0.16, its CACHE_DIR
0.07 (its files carry no checksum), a blob read through `tensor_from_file` 0.13, a mapped blob 0.07: this one.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Blob = NDArray[np.uint8]

SUM_BYTES = hashlib.sha256().digest_size

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelCache:
    """A folder of compiled models; None takes the user's cache folder. Deleting it costs only the next start."""

    folder: Path | None = None

    def read(self, name: str) -> Blob | None:
        """The model stored under a name, mapped; None when there is none, or not as it was written."""
        try:
            # "c": OpenVINO takes writable memory only; pages it does not write to stay shared with other processes.
            content = np.memmap(self.path(name), np.uint8, "c")
        except (OSError, ValueError):  # absent or unreadable; empty
            return None
        blob, stored = content[:-SUM_BYTES], content[-SUM_BYTES:].tobytes()
        if hashlib.sha256(blob.data).digest() != stored:
            log.warning("%s is damaged and is made anew.", self.path(name))
            return None
        return blob

    def write(self, name: str, blob: Blob) -> None:
        """Keep a model. Where that is impossible it says so in the log: the next start converts again."""
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(path, blob)
        except OSError as error:
            log.warning(
                "The converted model cannot be kept in %s (%s), so every start takes about a second longer.",
                path.parent,
                error.strerror or error,
            )

    def _replace(self, path: Path, blob: Blob) -> None:
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            with partial.open("wb") as file:
                file.write(blob.data)
                file.write(hashlib.sha256(blob.data).digest())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Where the model of that name is kept."""
        return (self.folder or _user_cache()) / f"{name}.blob"


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("kestrel", appauthor=False)
