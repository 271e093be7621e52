"""A measurement in a thread of its own, which can be watched from others and stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eval.longcontext.figures import Curve, curve_of, keep_curve
from eval.longcontext.measuring import Result, generated, measure
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from assistant.protocols import LLM

State = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class View:
    """A measurement at one moment: `done` of `total` prompts. `error` is None where the fault is ours."""

    state: State
    done: int
    total: int
    curve: Curve | None = None
    error: KestrelError | None = None


class _StoppedError(Exception):
    """Ends the thread from within."""


class MeasuringRun:
    """Starts at once: `each` pass keys at every length, in tokens. The curve is kept beside the collection at the end.

    Lengths that do not fit the model's window are left out.
    """

    def __init__(self, model: LLM, lengths: Sequence[int], each: int, location: Path) -> None:
        self._model, self._lengths, self._each, self._location = model, lengths, each, location
        self._lock = threading.Lock()
        self._view = View("running", 0, len(lengths) * each)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kestrel-measuring", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it after the prompt that is being answered; returns at once, and nothing is kept."""
        self._stop.set()

    def view(self) -> View:
        with self._lock:
            return self._view

    def wait(self, seconds: float | None = None) -> View:
        self._thread.join(seconds)
        return self.view()

    def _run(self) -> None:
        state: State = "failed"
        curve: Curve | None = None
        problem: KestrelError | None = None
        try:
            cases = generated("passkey", self._lengths, self._each, self._model)
            curve = curve_of(self._model.profile.name, measure(cases, self._model, self._watch))
            if curve.lengths:  # at least one of them fits the window
                keep_curve(self._location, curve)
            state = "done"
        except _StoppedError:
            state = "stopped"
        except KestrelError as error:
            problem = error
        finally:  # a fault of ours: its traceback goes where threads' tracebacks go
            with self._lock:
                self._view = replace(self._view, state=state, curve=curve, error=problem)

    def _watch(self, _: Result) -> None:
        if self._stop.is_set():
            raise _StoppedError
        with self._lock:
            self._view = replace(self._view, done=self._view.done + 1)
