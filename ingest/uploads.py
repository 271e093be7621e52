"""Files that were handed over rather than found: kept in the knowledge base's own folder `files/`."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from ingest.plain import plain

FOLDER = "files"
_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # of Windows, so that a collection can be moved there
_LONGEST = 200  # bytes of a name; file systems allow 255


def keep_upload(location: Path, name: str, data: bytes, folder: str = FOLDER) -> Path:
    """Writes an uploaded file under its own name and returns its path.

    The same bytes under the same name are one file, other bytes replace it: a new version of a document is uploaded
    under its old name. Of `name` only the last part counts, so that no name leads out of the folder,
    which is one of the knowledge base's own.
    """
    place = location / folder
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / _safe(name)
    beside = path.with_name(f".{path.name[: _LONGEST // 2]}.part")
    beside.touch(mode=0o600)
    beside.write_bytes(data)
    beside.replace(path)
    return path


def _safe(name: str) -> str:
    last = PureWindowsPath(PurePosixPath(plain(name)).name).name
    path = PurePosixPath(_RESERVED.sub("_", last).strip(" ."))
    stem = path.stem.encode()[: _LONGEST - len(path.suffix.encode())].decode(errors="ignore")
    return f"{stem or 'unnamed'}{path.suffix}"
