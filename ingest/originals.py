"""The file that a stored document was read from, as it is now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ingest.documents import Source

Standing = Literal["same", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Original:
    """`state`: "same" as when it was read, "changed" since then, or "gone". `data` is the file's bytes when "same"."""

    name: str
    state: Standing
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


def standing(source: Source) -> Standing:
    """As `Original.state`, told by size and time alone: for lists of many. A web address is always "same"."""
    if "://" in source.uri:
        return "same"
    try:
        now = Path(source.uri).stat()
    except OSError:
        return "gone"
    return "same" if (now.st_size, now.st_mtime_ns) == (source.size, source.mtime_ns) else "changed"
