"""How a run looks to the person: a bar with the time left on a terminal, a line now and then elsewhere; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.console import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress as Bar

    from eval.finetuning.training import Step
    from eval.running import Progress, Watch

LINE_SECONDS = 5.0


@contextmanager
def training_progress() -> Iterator[Callable[[Step], None]]:
    """The same for the steps of a training, with their loss."""
    if sys.stderr.isatty():
        with _training_bar() as watch:
            yield watch
    else:
        yield _training_lines()


@contextmanager
def _training_bar() -> Iterator[Callable[[Step], None]]:
    with _drawn() as bar:
        task = bar.add_task("training", total=None)

        def watch(step: Step) -> None:
            loss = f"loss {step.loss:.3f}" if step.loss is not None else f"held back {step.validation:.3f}"
            bar.update(task, completed=step.done, total=step.total, description=f"training, {loss}")

        yield watch


def _training_lines() -> Callable[[Step], None]:
    shown = 0.0

    def watch(step: Step) -> None:
        nonlocal shown
        if step.validation is not None:
            say(f"step {step.done} of {step.total}: loss {step.validation:.3f} on held-back documents")
        elif time.monotonic() - shown > LINE_SECONDS or step.done == step.total:
            shown = time.monotonic()
            say(f"step {step.done} of {step.total}: loss {step.loss:.3f}")

    return watch


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
    with _drawn() as bar:
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


def _drawn() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Bar(*columns, console=Console(stderr=True), transient=True)
