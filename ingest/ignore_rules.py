"""Which files of a folder are left out: by the person's patterns, by ignore files, and what is never a document."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

IGNORE_FILES = (".gitignore", ".kestrelignore")  # what the second says overrides the first
GENERATED = frozenset({"node_modules", "__pycache__", "site-packages"})
# A file that says what its folder is; the last is https://bford.info/cachedir/
MARKERS = {"kb.db": "a knowledge base", "pyvenv.cfg": "a virtual environment", "CACHEDIR.TAG": "a cache"}

_LITTER = re.compile(r"\.|~\$|.*~$|(?:thumbs\.db|desktop\.ini)$", re.IGNORECASE)  # hidden, locks of Word, backups


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """Patterns as https://git-scm.com/docs/gitignore describes them, each set with the folder it counts from.

    The first set that says anything of a path decides: the person's own, then the ignore files from the deepest folder
    up, at last the defaults. So `!.github/` in a `.kestrelignore` brings a hidden folder in.
    """

    levels: tuple[tuple[str, GitIgnoreSpec], ...]

    @classmethod
    def excluding(cls, root: str, patterns: Sequence[str]) -> IgnoreRules:
        """The person's own patterns, counted from `root`. Raises `UsageError` for what is no pattern."""
        try:
            return cls(((root, GitIgnoreSpec.from_lines(patterns)),))
        except ValueError as error:
            raise UsageError(f"--exclude: {error}.", "Write patterns as in .gitignore.") from error

    def within(self, folder: str, lines: Iterable[str]) -> IgnoreRules:
        """These rules and those of the ignore files of a folder. Like git, it passes over lines that are no pattern."""
        patterns = GitIgnoreSpec.from_lines(filter(_is_pattern, lines))
        own, *above = self.levels
        return IgnoreRules((own, (folder, patterns), *above)) if patterns.patterns else self

    def leave_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether an absolute path below every folder of these rules is not to be read."""
        for folder, patterns in self.levels:
            relative = path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")
            verdict = patterns.check_file(f"{relative}/" if is_folder else relative).include
            if verdict is not None:
                return verdict
        name = path.rpartition(os.sep)[2]
        return bool(_LITTER.match(name)) or (is_folder and name in GENERATED)


def marked_as(names: Collection[str]) -> str | None:
    """What a folder with these names in it is, when it is nothing to read documents from."""
    return next((what for marker, what in MARKERS.items() if marker in names), None)


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
