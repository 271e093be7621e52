"""Evaluations and measurements in threads of their own, which can be watched from others and stopped."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from eval.evaluation import Evaluation, Plan, evaluate
from eval.longcontext.figures import Curve, curve_of, keep_curve
from eval.longcontext.measuring import generated, measure
from eval.running import Progress
from ingest.errors import KestrelError

if TYPE_CHECKING:
    from assistant.protocols import LLM

State = Literal["running", "done", "stopped", "failed"]
Step = TypeVar("Step")
Found = TypeVar("Found")
Work = Callable[[Callable[[Step], None], threading.Event], Found]


@dataclass(frozen=True, slots=True)
class View(Generic[Step, Found]):
    """A run at one moment. `step` is None before the first; `error` is None where a fault of ours ended it."""

    state: State
    step: Step | None = None
    found: Found | None = None
    error: KestrelError | None = None


class BackgroundRun(Generic[Step, Found]):
    """Starts `work` at once, with a function that takes each step and an event that asks it to end early."""

    def __init__(self, work: Work[Step, Found], name: str) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._view: View[Step, Found] = View("running")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the run after what is being answered; returns at once."""
        self._stop.set()

    def view(self) -> View[Step, Found]:
        with self._lock:
            return self._view

    def wait(self, seconds: float | None = None) -> View[Step, Found]:
        self._thread.join(seconds)
        return self.view()

    def _run(self) -> None:
        state: State = "failed"
        found: Found | None = None
        problem: KestrelError | None = None
        try:
            found = self._work(self._watch, self._stop)
            state = "done"
        except KestrelError as error:
            problem = error
        finally:  # a fault of ours: its traceback goes where threads' tracebacks go
            if self._stop.is_set():
                state = "stopped"
            with self._lock:
                self._view = replace(self._view, state=state, found=found, error=problem)

    def _watch(self, step: Step) -> None:
        with self._lock:
            self._view = replace(self._view, step=step)


class EvaluationRun(BackgroundRun[Progress, Evaluation]):
    """Replies that came before `stop` stay in the plan's folder; the same plan goes on from there."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(partial(evaluate, plan), "kestrel-evaluation")


class MeasuringRun(BackgroundRun[int, Curve | None]):
    """`each` pass keys at every length, in tokens; a step is the number of prompts answered, of `total`.

    Lengths that do not fit the model's window are left out. The curve is kept beside the collection at the end; nothing
    is kept of a run that is stopped.
    """

    def __init__(self, model: LLM, lengths: Sequence[int], each: int, location: Path) -> None:
        self.total = len(lengths) * each
        super().__init__(partial(_measure, model, lengths, each, location), "kestrel-measuring")


def _measure(
    model: LLM,
    lengths: Sequence[int],
    each: int,
    location: Path,
    watch: Callable[[int], None],
    stop: threading.Event,
) -> Curve | None:
    cases = itertools.takewhile(lambda _: not stop.is_set(), generated("passkey", lengths, each, model))
    answered = itertools.count(1)
    results = measure(cases, model, lambda _: watch(next(answered)))
    if stop.is_set():
        return None
    curve = curve_of(model.profile.name, results)
    if curve.lengths:  # at least one of them fits the window
        keep_curve(location, curve)
    return curve
