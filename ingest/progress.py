"""How an ingest run looks to the person: a live display on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingest.console import say
from ingest.plain import escaped, plain
from ingest.reports import Embedded, Event, Failed, Read, Removed, Scanned, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress

LINE_SECONDS = 2.0  # between two lines where there is no terminal to redraw


class Observer(Protocol):
    """Something that is shown every event of a run."""

    def __call__(self, event: Event) -> None: ...


class Meter:
    """Running totals of a run. `fraction` is the share of the bytes to read that are read and embedded, in [0, 1]."""

    def __init__(self) -> None:
        self.files = self.files_done = self.bytes = self.bytes_read = self.pages = self.chunks = self.embedded = 0
        self._started = time.monotonic()

    def count(self, event: Event) -> None:
        match event:
            case Scanned(files=files, bytes=size):
                self.files, self.bytes, self._started = files, size, time.monotonic()
            case Read(bytes=size, pages=pages, chunks=chunks):
                self.bytes_read += size
                self.pages += pages
                self.chunks += chunks
            case Embedded(chunks=chunks):
                self.embedded += chunks
            case Failed(bytes=size):
                self.files_done += 1
                self.bytes_read += size
            case Stored():
                self.files_done += 1
            case _:
                pass

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self._started, 1e-6)

    @property
    def fraction(self) -> float:
        """Embedding is nearly all of the time, so what is read counts by how much of it is embedded."""
        read = self.bytes_read / self.bytes if self.bytes else 1.0
        return read * min(self.embedded / self.chunks, 1.0) if self.chunks else read

    @property
    def eta(self) -> float | None:
        """Seconds to go at the pace so far; None before there is a pace."""
        return self.seconds * (1 - self.fraction) / self.fraction if self.fraction > 0.01 else None

    def line(self) -> str:
        parts = [f"{self.files_done}/{self.files} files"]
        if self.pages:
            parts.append(f"{self.pages / self.seconds:.0f} pages/s")
        if self.chunks:
            rate = f" at {self.embedded / self.seconds:.0f} a second" if self.embedded else ""
            parts.append(f"{self.embedded} of {self.chunks} chunks embedded{rate}")
        if self.eta is not None:
            parts.append(f"about {duration(self.eta)} to go")
        return ", ".join(parts)


@contextmanager
def shown(*, terminal: bool) -> Iterator[Observer]:
    """An observer that shows a run for as long as the block lasts."""
    if not terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[line]}"),
        console=_stderr(),
        transient=True,
    ) as progress:
        yield _Display(progress)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class _Lines:
    def __init__(self) -> None:
        self._meter = Meter()
        self._said = time.monotonic()

    def __call__(self, event: Event) -> None:
        self._meter.count(event)
        for line in _remarks(event):
            say(line)
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            say(self._meter.line())


class _Display:
    def __init__(self, progress: Progress) -> None:
        self._meter = Meter()
        self._progress = progress
        self._task = progress.add_task("Ingesting", total=1.0, line="looking for files")

    def __call__(self, event: Event) -> None:
        self._meter.count(event)
        for line in _remarks(event):
            self._progress.console.print(line, markup=False)
        self._progress.update(self._task, completed=self._meter.fraction, line=self._meter.line())


def _remarks(event: Event) -> Iterator[str]:
    """What a person should see about single files while it scrolls by: what failed, what is doubtful, what went."""
    match event:
        case Failed(source=source, outcome=outcome, reason=reason):
            yield f"failed   {shorten(source)}: {outcome}: {plain(reason)}"
        case Read(source=source, warnings=warnings):
            yield from (f"warning  {shorten(source)}: {plain(warning)}" for warning in warnings)
        case Removed(source=source):
            yield f"removed  {shorten(source)}"
        case _:
            pass


def shorten(source: str) -> str:
    """A source as a person would write it: relative to here when it is below, whole otherwise; harmless to print."""
    path = Path(source)
    return escaped(str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else source)


def duration(seconds: float) -> str:
    """ "9 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
