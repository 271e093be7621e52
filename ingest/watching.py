"""A folder that is kept in step: looked over again and again, each file read once it has come to rest.

Nothing is remembered but what the knowledge base holds, so a watch that was stopped or killed goes on where the
folder and the knowledge base differ.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.discovery import Found, FoundFile, find_files
from ingest.errors import UsageError
from ingest.pipeline import IngestOptions, bring_in, gone_from, is_settled, stored_below

if TYPE_CHECKING:
    from ingest.documents import Source
    from ingest.knowledge_base import KnowledgeBase
    from ingest.reports import Event

REST_SECONDS = 2.0  # that a file must look the same before it is read: editors and copies write in steps

Look = tuple[int, int]  # size and time of change


class FolderWatch:
    """Brings a knowledge base in step with a folder, one `round` at a time.

    `clock` tells seconds that only grow. `absent` says why nothing is forgotten now: the folder is not there, or holds
    nothing, as when a disk is not mounted; "" otherwise. Raises `UsageError` for a path that is no folder.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        path: str | Path,
        options: IngestOptions | None = None,
        rest: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = Path(os.path.abspath(path))  # noqa: PTH100 - as discovery does: without "..", links kept
        if not self.root.is_dir():
            raise UsageError(f"{self.root} is no folder.", "Name the folder that is to be watched.")
        self.absent = ""
        self._knowledge = knowledge
        self._options = options or IngestOptions()
        self._rest = rest
        self._clock = clock
        self._since: dict[str, tuple[Look, float]] = {}  # by name: how a file looks, and since when
        self._tried: dict[str, Look] = {}  # how it looked when it was last read, well or not
        self._missing: set[str] = set()  # stored, and not there the last time

    def round(self) -> Iterator[Event]:
        """Look the folder over once and do what there is to do. The last event is a `Report`; none where nothing is."""
        stored = {source.uri: source for source in stored_below(self._knowledge, self.root)}
        found = self._look()
        if found is None or (stored and not found.files):
            self.absent = f"{self.root} holds no files now; its {len(stored)} sources are kept"
            self._missing.clear()
            return
        self.absent = ""
        ready = [file for file in found.files if self._is_ready(file) and not self._is_settled(file, stored)]
        missing = set(gone_from(stored, found))
        gone = sorted(missing & self._missing)  # twice: programs replace a file by taking it away first
        self._missing = missing.difference(gone)
        if ready or gone:
            self._tried.update((file.uri, _look(file)) for file in ready)
            yield from bring_in(self._knowledge, Found(tuple(ready)), self._options, gone)

    def _look(self) -> Found | None:
        """What is in the folder; None where it is not there."""
        try:
            found = find_files([self.root], exclude=self._options.exclude)
        except UsageError:
            return None
        now = self._clock()
        before, self._since = self._since, {}
        for file in found.files:
            look, since = before.get(file.uri, (None, now))
            self._since[file.uri] = (_look(file), since if look == _look(file) else now)
        self._tried = {uri: look for uri, look in self._tried.items() if uri in self._since}
        return found

    def _is_settled(self, file: FoundFile, stored: dict[str, Source]) -> bool:
        return is_settled(file, stored.get(file.uri), self._options.password)

    def _is_ready(self, file: FoundFile) -> bool:
        """Whether a file has come to rest and was not read as it is. What has lain there long is at rest."""
        since = self._since[file.uri][1]
        at_rest = self._clock() - since >= self._rest or time.time() - file.mtime_ns / 1e9 >= self._rest
        return at_rest and self._tried.get(file.uri) != _look(file)


def _look(file: FoundFile) -> Look:
    return file.size, file.mtime_ns
