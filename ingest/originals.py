"""The file that a stored document was read from, as it is now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Original:
    """`state`: "same" as when it was read, "changed" since then, or "gone". `data` is the file's bytes when "same"."""

    name: str
    state: Literal["same", "changed", "gone"]
    data: bytes = field(default=b"", repr=False)


def original(uri: str, document_id: str) -> Original:
    """`uri` names the source, `document_id` is the sha256 of the bytes that were read from it."""
    path = Path(uri)
    try:
        data = path.read_bytes()
    except OSError:  # a part of an archive, a URL, an unmounted disk, no permission: here is no file to be shown
        return Original(path.name, "gone")
    if hashlib.sha256(data).hexdigest() != document_id:
        return Original(path.name, "changed")
    return Original(path.name, "same", data)
