"""Which file system a folder is on: locks and shared memory do not work over a network, and SQLite needs both."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import StorageFailed

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs", "afs", "ceph", "lustre", "glusterfs", "gpfs"}
)
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.lxcfs", "fuse.bindfs", "fuse.mergerfs"})
_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}
_DARWIN = re.compile(r"^.* on (?P<place>/.*) \((?P<kind>[^,)]+)(?P<options>[^)]*)\)$", re.MULTILINE)
_DRIVE_REMOTE = 4  # GetDriveTypeW


@dataclass(frozen=True, slots=True)
class Mount:
    """A place where a file system of some kind begins."""

    place: str
    kind: str
    options: str

    @property
    def is_network(self) -> bool:
        fuse = self.kind.startswith("fuse.") and self.kind not in _LOCAL_FUSE
        return fuse or self.kind in _NETWORK or "aname=drvfs" in self.options  # the last: Windows drives under WSL


def refuse_network(folder: Path) -> None:
    """Raises `StorageFailed` when the folder is on a network file system."""
    kind = network_kind(folder.absolute().resolve())
    if kind:
        raise StorageFailed(
            f"{folder} is on a network file system ({kind}), where locks are not safe and data can be lost.",
            "Keep the knowledge base on a local disk.",
        )


def network_kind(path: Path) -> str:
    """The name of the network file system that holds a path, or will when it is made; "" when it is local."""
    if sys.platform == "win32":
        return _windows_kind(path)
    mount = innermost(path, _mounts())
    return mount.kind if mount and mount.is_network else ""


def innermost(path: Path, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that holds the path; of two on one place the later one counts."""
    return max((mount for mount in reversed([*mounts]) if path.is_relative_to(mount.place)), key=_depth, default=None)


def linux_mounts(table: str) -> list[Mount]:
    """The mounts of `/proc/self/mounts`."""
    mounts = []
    for line in table.splitlines():
        _, place, kind, options, *_ = line.split(" ")
        for escape, character in _ESCAPES.items():
            place = place.replace(escape, character)
        mounts.append(Mount(place, kind, options))
    return mounts


def darwin_mounts(table: str) -> list[Mount]:
    """The mounts that `mount` prints on macOS."""
    return [Mount(**found.groupdict()) for found in _DARWIN.finditer(table)]


def _mounts() -> list[Mount]:
    table = Path("/proc/self/mounts")
    if table.exists():
        return linux_mounts(table.read_text(errors="surrogateescape"))
    if sys.platform == "darwin":
        import subprocess

        return darwin_mounts(subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=True).stdout)
    return []


def _depth(mount: Mount) -> int:
    return len(mount.place)


def _windows_kind(path: Path) -> str:
    import ctypes

    kind = getattr(ctypes, "windll").kernel32.GetDriveTypeW(os.path.splitdrive(path)[0] + "\\")  # noqa: B009
    return "network drive" if kind == _DRIVE_REMOTE else ""
