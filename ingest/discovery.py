"""Paths, folders and globs to the files to read, in a fixed order, each with its size and time."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from ingest.documents import Outcome
from ingest.errors import UsageError
from ingest.ignore_rules import IGNORE_FILES, IgnoreRules, marked_as

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file and what it looked like when it was found. `path` is absolute; `name` stands for it, if given.

    `tag` is the entity tag of a web page, "" for what has none.
    """

    path: Path
    size: int
    mtime_ns: int
    name: str = ""
    tag: str = ""

    @property
    def uri(self) -> str:
        """The name under which it is stored."""
        return self.name or uri_of(self.path)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that is not read, and why. With an `outcome` it is a failure: something meant to be read could not be.

    What ignore rules leave out is not listed.
    """

    path: Path
    reason: str
    outcome: Outcome | None = None

    @property
    def uri(self) -> str:
        return uri_of(self.path)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to read under the paths that were asked for, both in the order of the path."""

    files: tuple[FoundFile, ...]
    skipped: tuple[Skipped, ...] = ()


def uri_of(path: Path) -> str:
    """An absolute path as text. Bytes of a file name that are no UTF-8 are written `\\xNN`: a store keeps text only."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def find_files(paths: Sequence[str | Path], *, exclude: Sequence[str] = ()) -> Found:
    """The files at and below `paths`: files, folders, or globs ("docs/**/*.md").

    A file that is named is read even where ignore rules would leave it out; below a folder and behind a glob they hold.
    `exclude` holds patterns as in .gitignore and beats all else. Links are followed only to what lies inside the same
    folder, and a file that is reached in two ways is read once.

    Raises `UsageError` for a path where nothing is.
    """
    gathered = _Gathered()
    for path in paths:
        _start(os.path.abspath(path), exclude, gathered)  # noqa: PTH100 - Path.absolute() keeps "..", resolve() links
    files = sorted(gathered.files, key=lambda file: str(file.path))
    return Found(tuple(files), tuple(sorted(gathered.skipped, key=lambda skipped: str(skipped.path))))


def _start(path: str, exclude: Sequence[str], gathered: _Gathered) -> None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except PermissionError:
        gathered.skip(path, "no permission to look at it", "denied")
    except (OSError, ValueError) as error:
        base, pattern = _split_glob(path)
        if not pattern or not Path(base).is_dir():
            raise UsageError(f"There is no file or folder {path}.", "Check the spelling, and quote globs.") from error
        _glob(base, pattern, exclude, gathered)
    else:
        if stat.S_ISDIR(status.st_mode):
            _FolderWalk(path, exclude, gathered).run()
        elif not GitIgnoreSpec.from_lines(exclude).match_file(Path(path).name):
            gathered.add(path, status)


def _split_glob(path: str) -> tuple[str, str]:
    """The folder down to which a path is literal, and the pattern below it with `/` between its parts."""
    parts = Path(path).parts
    literal = next((number for number, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return str(Path(*parts[:literal])), "/".join(parts[literal:])


def _glob(base: str, pattern: str, exclude: Sequence[str], gathered: _Gathered) -> None:
    """A walk with one more condition, so that the ignore rules hold here too."""
    before = len(gathered.files)
    _FolderWalk(base, exclude, gathered, GitIgnoreSpec.from_lines([f"/{pattern}"])).run()
    if len(gathered.files) == before:
        raise UsageError(f"No file below {base} matches {pattern!r}.", "Check the pattern and --exclude.")


class _Gathered:
    """What was found so far. A file is known by its device and inode; Windows' scandir gives none, then by its path."""

    def __init__(self) -> None:
        self.files: list[FoundFile] = []
        self.skipped: list[Skipped] = []
        self._seen: set[tuple[int, int] | str] = set()

    def add(self, path: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device could wait for ever
            self.skip(path, "not a regular file")
            return
        identity = (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(path)
        if identity not in self._seen:
            self._seen.add(identity)
            self.files.append(FoundFile(Path(path), status.st_size, status.st_mtime_ns))

    def skip(self, path: str, reason: str, outcome: Outcome | None = None) -> None:
        self.skipped.append(Skipped(Path(path), reason, outcome))


class _FolderWalk:
    """Everything below one folder. Links come last, so that what they point at is found under its own name."""

    def __init__(
        self, root: str, exclude: Sequence[str], gathered: _Gathered, wanted: GitIgnoreSpec | None = None
    ) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._gathered = gathered
        self._wanted = wanted
        self._folders = deque([(root, IgnoreRules.excluding(root, exclude))])
        self._links: deque[tuple[str, IgnoreRules]] = deque()
        self._visited: set[tuple[int, int]] = set()  # a link or a mount can lead back up

    def run(self) -> None:
        while self._folders or self._links:
            if self._folders:
                self._visit(*self._folders.popleft())
            else:
                self._follow(*self._links.popleft())

    def _visit(self, folder: str, rules: IgnoreRules) -> None:
        try:
            status = os.stat(folder)  # noqa: PTH116
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._gathered.skip(folder, f"cannot be listed: {error.strerror}", _outcome(error))
            return
        names = {entry.name for entry in entries}
        what = marked_as(names)
        if what:
            self._gathered.skip(folder, f"{what}, not documents")
        elif (status.st_dev, status.st_ino) not in self._visited:
            self._visited.add((status.st_dev, status.st_ino))
            rules = rules.within(folder, self._ignore_lines(folder, names))
            for entry in entries:
                self._sort_in(entry, rules)

    def _ignore_lines(self, folder: str, names: Collection[str]) -> Iterator[str]:
        for name in IGNORE_FILES:
            file = Path(folder, name)
            try:
                yield from file.read_text(encoding="utf-8", errors="replace").splitlines() if name in names else ()
            except OSError as error:
                self._gathered.skip(str(file), f"its rules cannot be read: {error.strerror}", _outcome(error))

    def _sort_in(self, entry: os.DirEntry[str], rules: IgnoreRules) -> None:
        is_folder = entry.is_dir(follow_symlinks=False)
        if rules.leave_out(entry.path, is_folder=is_folder):
            return
        if entry.is_symlink():
            self._links.append((entry.path, rules))
        elif is_folder:
            self._folders.append((entry.path, rules))
        else:
            try:
                self._add(entry.path, entry.stat(follow_symlinks=False))
            except OSError as error:
                self._gathered.skip(entry.path, f"cannot be looked at: {error.strerror}", _outcome(error))

    def _follow(self, link: str, rules: IgnoreRules) -> None:
        try:
            target = os.path.realpath(link, strict=True)
            status = os.stat(target)  # noqa: PTH116
        except OSError as error:
            self._gathered.skip(link, f"a link to nothing: {error.strerror}")
            return
        if not Path(target).is_relative_to(self._real_root):
            self._gathered.skip(link, f"a link out of {self._root}; add its target by name")
        elif stat.S_ISDIR(status.st_mode):
            self._folders.append((link, rules))
        else:
            self._add(link, status)

    def _add(self, path: str, status: os.stat_result) -> None:
        relative = path[len(self._root) :].lstrip(os.sep).replace(os.sep, "/")
        if self._wanted is None or self._wanted.match_file(relative):
            self._gathered.add(path, status)


def _outcome(error: OSError) -> Outcome:
    return "vanished" if isinstance(error, FileNotFoundError) else "denied"
