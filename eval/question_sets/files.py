"""The bytes of a question set's file, with their hash, as text or as JSON records."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import UsageError

GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Contents:
    """A file as it was read; `sha256` is of its bytes on the disk, `text` is unpacked where they are gzipped."""

    path: Path
    text: str
    sha256: str

    def records(self) -> Iterator[dict[str, Any]]:
        """The objects of a JSON file: of its one array, one a line, or the only one. Raises `UsageError`."""
        try:
            whole = json.loads(self.text)
        except json.JSONDecodeError:
            yield from self._lines()
            return
        for record in whole if isinstance(whole, list) else [whole]:
            yield self._object(record, "An entry")

    def first_record(self) -> dict[str, Any]:
        return next(self.records(), {})

    def _lines(self) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line.strip():
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise UsageError(
                        f"{self.path}, line {number}: not JSON ({error.msg} at character {error.colno}).",
                        "Each line holds one JSON object.",
                    ) from error
                yield self._object(record, f"Line {number}")

    def _object(self, record: Any, where: str) -> dict[str, Any]:
        if isinstance(record, dict):
            return record
        raise UsageError(f"{where} of {self.path} is {type(record).__name__}, not an object.", "Write {…}.")


def contents(path: Path) -> Contents:
    """Raises `UsageError` for what is not there, cannot be unpacked or is not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from error
    try:
        plain = gzip.decompress(data) if data.startswith(GZIP) else data
        text = plain.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not UTF-8 text, plain or gzipped: {error}.", "Save it as UTF-8.") from error
    return Contents(path, text.replace("\r\n", "\n"), hashlib.sha256(data).hexdigest())
