"""What a disk may hold after the power went out: a trace of a store's life, replayed with unsynced writes dropped.

The model is that of ALICE (Pillai et al., OSDI 2014), and weaker than ext4 or XFS: pages of 4 KB are written whole or
not at all, in any order until the file is synced; changes of names, those of folders too, are lost each on its own
until their folder is synced, only those of one name stay in order; syncing a new file keeps its name. Disks that lie
about syncing are out of scope.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.crash_points import CLOSED

PAGE = 4096
CALLS = "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,unlink,mkdir"
_CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)")
_FD = re.compile(r"^(\d+)(?:<(.*?)>)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

Dropped = tuple[int, int]  # page writes, changes of names


@dataclass(frozen=True, slots=True)
class Event:
    """One system call that succeeded, or what the life told of itself (`call` "told")."""

    call: str
    descriptor: int = -1
    paths: tuple[str, ...] = ()
    data: bytes = b""
    offset: int = 0


@dataclass(slots=True, eq=False)
class _File:
    """`kept` is on the disk for certain; `pending` are writes and lengths since the last sync, in order."""

    kept: bytearray = field(default_factory=bytearray)
    is_folder: bool = False
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.pending:
            _apply(self.kept, offset, data)
        self.pending.clear()


def trace_life(work: Path) -> list[Event]:
    """The events of one life of a store in `work`/kb."""
    trace = work / "trace"
    command = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-o", str(trace), "-e", f"trace={CALLS}"]
    life = [sys.executable, "-m", "tests.support.crash_points", str(work / "kb")]
    subprocess.run([*command, *life], check=True, capture_output=True)
    root = str(work / "kb")
    return [event for line in trace.read_text().splitlines() if (event := _event(line)) and _concerns(event, root)]


def _event(line: str) -> Event | None:
    match = _CALL.match(line)
    if not match:
        return None
    _, call, arguments, result = match.groups()
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    if call == "write" and int(arguments.split(",", 1)[0].split("<")[0]) == CLOSED:
        return Event("told", data=texts[0])
    if int(result) < 0:
        return None
    if call == "openat":
        truncates = b"" if "O_TRUNC" not in arguments else b"truncate"
        return Event("open", int(result), (texts[0].decode(),), truncates)
    if call in {"rename", "unlink", "mkdir"}:
        return Event(call, paths=tuple(text.decode() for text in texts))
    descriptor, path = _FD.match(arguments).groups()  # type: ignore[union-attr]
    path = bytes.fromhex((path or "").replace("\\x", "")).decode()
    if call == "pwrite64":
        return Event("write", int(descriptor), (path,), texts[0], int(arguments.rsplit(",", 1)[1]))
    if call == "write":
        return Event("append", int(descriptor), (path,), texts[0])
    if call == "ftruncate":
        return Event("truncate", int(descriptor), (path,), offset=int(arguments.rsplit(",", 1)[1]))
    return Event("sync", int(descriptor), (path,))


def _concerns(event: Event, root: str) -> bool:
    """Also the syncing of the folder above, which keeps the name of the knowledge base."""
    if event.call in {"open", "sync"} and event.paths == (root.rpartition("/")[0],):
        return True
    return event.call == "told" or any(path == root or path.startswith(f"{root}/") for path in event.paths)


class Disk:
    """Takes events one by one; `after_power_loss` may be asked at any moment."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._folders = {self._root.rpartition("/")[0]}
        self._names: dict[str, _File] = {}  # as the processes see them
        self._kept_names: dict[str, _File] = {}
        self._changes: list[tuple[str, tuple[str, ...], _File | None]] = []  # of names, since the last sync of a folder
        self._open: dict[int, _File] = {}
        self._at: dict[int, int] = {}
        self.told: list[tuple[str, list[list[object]]]] = []

    def take(self, event: Event, *, syncs: bool = True) -> None:
        match event.call:
            case "told":
                self.told.append(json.loads(event.data))
            case "open":
                self._opened(event)
            case "write" | "append" | "truncate":
                self._written(event)
            case "sync" if syncs:
                self._synced(event)
            case "rename":
                file = self._names.pop(event.paths[0])
                self._names[event.paths[1]] = file
                self._changes.append(("rename", event.paths, file))
            case "unlink":
                self._changes.append(("unlink", event.paths, self._names.pop(event.paths[0], None)))
            case "mkdir":
                self._folders.add(event.paths[0])
                self._changes.append(("create", event.paths, _File(is_folder=True)))
            case _:
                pass

    def _opened(self, event: Event) -> None:
        (path,) = event.paths
        if path in self._folders:
            return
        if path not in self._names:
            self._names[path] = _File()
            self._changes.append(("create", (path,), self._names[path]))
        self._open[event.descriptor] = self._names[path]
        self._at[event.descriptor] = 0
        if event.data:
            self._names[path].pending.append((0, None))

    def _written(self, event: Event) -> None:
        file = self._open[event.descriptor]
        if event.call == "truncate":
            file.pending.append((event.offset, None))
            return
        offset = self._at[event.descriptor] if event.call == "append" else event.offset
        if event.call == "append":
            self._at[event.descriptor] += len(event.data)
        for start, data in _pages(offset, event.data):
            file.pending.append((start, data))

    def _synced(self, event: Event) -> None:
        (path,) = event.paths
        if path in self._folders:
            self._keep_names([change for change in self._changes if str(Path(change[1][-1]).parent) == path])
        elif event.descriptor in self._open:
            file = self._open[event.descriptor]
            file.sync()
            self._keep_names([change for change in self._changes if change[0] == "create" and change[2] is file])

    def _keep_names(self, changes: Sequence[tuple[str, tuple[str, ...], _File | None]]) -> None:
        """Keep these, and what happened to their names before."""
        tied = {path for change in changes for path in change[1]}
        changes = [change for change in self._changes if change in changes or tied.intersection(change[1])]
        for change in changes:
            _rename(self._kept_names, change)
        self._changes = [change for change in self._changes if change not in changes]

    def after_power_loss(self, target: Path, chance: random.Random) -> Dropped:
        """Writes what the disk may hold to `target`; returns how many writes and names were dropped."""
        names, lost = dict(self._kept_names), set[str]()
        share = chance.random()
        for change in self._changes:
            if lost.intersection(change[1]) or chance.random() < share:
                lost.update(change[1])
            else:
                _rename(names, change)
        dropped = 0
        for path, file in sorted(names.items()):  # a folder comes before what is in it
            place = _moved(path, self._root, target)
            if place != target and not place.parent.exists():
                continue
            if file.is_folder:
                place.mkdir(mode=0o700)
                continue
            data = bytearray(file.kept)
            share = chance.random()
            for offset, page in file.pending:
                if chance.random() < share:
                    dropped += 1
                else:
                    _apply(data, offset, page)
            place.write_bytes(data)
        return dropped, len(lost)


def _rename(names: dict[str, _File], change: tuple[str, tuple[str, ...], _File | None]) -> None:
    kind, paths, file = change
    if kind == "unlink" or (kind == "rename" and paths[0] in names):
        names.pop(paths[0], None)
    if kind in {"create", "rename"} and file is not None:
        names[paths[-1]] = file


def _pages(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The write cut at the borders of the file's pages."""
    start = 0
    while start < len(data):
        end = min(len(data), start + PAGE - (offset + start) % PAGE)
        yield offset + start, data[start:end]
        start = end


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Writes, or for None cuts or lengthens."""
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def _moved(path: str, root: str, target: Path) -> Path:
    return target / Path(path).relative_to(root)
