"""An ingest run in a thread of its own, which can be watched from others and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ingest.documents import Outcome
from ingest.errors import KestrelError
from ingest.progress import Meter
from ingest.reports import Event, Failed, Read, Removed, Report, Stored, Unchanged

State = Literal["running", "done", "stopped", "failed"]
Phase = Literal["embedding", "stored", "unchanged", "failed", "removed", "left"]


@dataclass(frozen=True, slots=True)
class FileState:
    """Where one file is on its way: "left" when the run ended before it was stored.

    `detail` is why it failed with this `outcome`, or what is doubtful about it.
    """

    phase: Phase
    pages: int = 0
    chunks: int = 0
    detail: str = ""
    outcome: Outcome = "ok"


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment. `fraction` in [0, 1]; `eta` in seconds, None before there is a pace."""

    state: State
    fraction: float
    line: str
    eta: float | None
    files: dict[str, FileState]
    report: Report | None = None
    error: KestrelError | None = None


class IngestRun:
    """Starts at once. `events` is what `ingest.pipeline.add` or `sync` gives.

    What was stored before `stop` stays stored, and the next run goes on with the rest.
    """

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._meter = Meter()
        self._files: dict[str, FileState] = {}
        self._state: State = "running"
        self._report: Report | None = None
        self._error: KestrelError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kestrel-ingest", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the run at the next event; returns at once."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> View:
        self._thread.join(seconds)
        return self.view()

    def view(self) -> View:
        with self._lock:
            return View(
                self._state,
                1.0 if self._state == "done" else self._meter.fraction,
                self._meter.line(),
                self._meter.eta,
                dict(self._files),
                self._report,
                self._error,
            )

    def _run(self) -> None:
        try:
            for event in self._events:
                self._take(event)
                if self._stop.is_set() and self._report is None:
                    self._end("stopped")
                    return
            self._end("done")
        except KestrelError as error:
            self._error = error
            self._end("failed")
        finally:
            if self._state == "running":  # a fault of ours: its traceback goes where threads' tracebacks go
                self._end("failed")
            close: Callable[[], None] | None = getattr(self._events, "close", None)
            if close:
                close()

    def _end(self, state: State) -> None:
        with self._lock:
            self._state = state
            for source, file in self._files.items():
                if file.phase == "embedding" and state != "done":
                    self._files[source] = replace(file, phase="left")

    def _take(self, event: Event) -> None:
        with self._lock:
            self._meter.count(event)
            match event:
                case Read(source=source, pages=pages, chunks=chunks, warnings=warnings):
                    self._files[source] = FileState("embedding", pages, chunks, "; ".join(warnings))
                case Stored(source=source):
                    before = self._files.get(source, FileState("stored"))
                    self._files[source] = FileState("stored", before.pages, before.chunks, before.detail)
                case Unchanged(source=source):
                    self._files[source] = FileState("unchanged")
                case Failed(source=source, outcome=outcome, reason=reason):
                    self._files[source] = FileState("failed", detail=reason, outcome=outcome)
                case Removed(source=source):
                    self._files[source] = FileState("removed")
                case Report():
                    self._report = event
                case _:
                    pass
