"""Which file system a folder is on: locks and shared memory do not work over a network, and SQLite needs both."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ingest.errors import StorageFailed

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs", "afs", "ceph", "lustre", "glusterfs", "gpfs"}
)
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.lxcfs", "fuse.bindfs", "fuse.mergerfs"})
_MOUNTS = Path("/proc/self/mounts")
_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}
_DRIVE_REMOTE = 4  # GetDriveTypeW


def refuse_network(folder: Path) -> None:
    """Raises `StorageFailed` when the folder is on a network file system."""
    kind = network_kind(folder)
    if kind:
        raise StorageFailed(
            f"{folder} is on a network file system ({kind}), where locks are not safe and data can be lost.",
            "Keep the knowledge base on a local disk.",
        )


def network_kind(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The name of the network file system that holds the folder, or will when it is made; "" when it is local."""
    path = folder.absolute().resolve()
    if sys.platform == "win32":
        return _windows_kind(path)
    if not mounts.exists():
        return ""
    kind, options = _mounted(path, mounts.read_text(errors="surrogateescape"))
    if kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE) or "aname=drvfs" in options:
        return kind
    return ""


def _mounted(path: Path, table: str) -> tuple[str, str]:
    """Kind and options of the innermost mount that holds the path; of two on one place the later one counts."""
    best, found = -1, ("", "")
    for line in table.splitlines():
        _, place, kind, options, *_ = line.split(" ")
        for escape, character in _ESCAPES.items():
            place = place.replace(escape, character)
        if path.is_relative_to(place) and len(place) >= best:
            best, found = len(place), (kind, options)
    return found


def _windows_kind(path: Path) -> str:
    import ctypes

    kind = getattr(ctypes, "windll").kernel32.GetDriveTypeW(os.path.splitdrive(path)[0] + "\\")  # noqa: B009
    return "network drive" if kind == _DRIVE_REMOTE else ""
