"""How a run looks to the person: a bar with the time left on a terminal, a line now and then elsewhere; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.console import say

if TYPE_CHECKING:
    from eval.running import Progress, Watch

LINE_SECONDS = 5.0


@contextmanager
def progress() -> Iterator[Watch]:
    """A function that is shown every step."""
    if sys.stderr.isatty():
        with _bar() as watch:
            yield watch
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=None)

        def watch(step: Progress) -> None:
            bar.update(task, completed=step.done, total=step.total, description=_words(step))

        yield watch


def _lines() -> Watch:
    shown = 0.0

    def watch(step: Progress) -> None:
        nonlocal shown
        if time.monotonic() - shown > LINE_SECONDS or step.done == step.total:
            shown = time.monotonic()
            left = f", about {step.left:.0f} s left" if step.left and step.done < step.total else ""
            say(f"{step.done}/{step.total} {_words(step)}{left}")

    return watch


def _words(step: Progress) -> str:
    reused = f", {step.reused} known before" if step.reused else ""
    errors = f", {step.errors} errors" if step.errors else ""
    return f"{step.arm}{reused}{errors}"
