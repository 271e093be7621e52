"""An evaluation in a thread of its own, which can be watched from others and stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from eval.evaluation import Evaluation, Plan, evaluate
from eval.running import Progress
from ingest.errors import KestrelError

State = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment. `error` is None for a run that failed by a fault of ours."""

    state: State
    progress: Progress | None
    found: Evaluation | None
    error: KestrelError | None


class EvaluationRun:
    """Starts at once. Replies that came before `stop` stay in the plan's folder; the same plan goes on from there."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._view = View("running", None, None, None)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kestrel-evaluation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the run after the questions that are being answered; returns at once."""
        self._stop.set()

    def view(self) -> View:
        with self._lock:
            return self._view

    def wait(self, seconds: float | None = None) -> View:
        self._thread.join(seconds)
        return self.view()

    def _run(self) -> None:
        state: State = "failed"
        found: Evaluation | None = None
        problem: KestrelError | None = None
        try:
            found = evaluate(self.plan, self._watch, self._stop)
            state = "stopped" if self._stop.is_set() else "done"
        except KestrelError as error:
            state, problem = ("stopped" if self._stop.is_set() else "failed"), error
        finally:  # a fault of ours: its traceback goes where threads' tracebacks go
            with self._lock:
                self._view = View(state, self._view.progress, found, problem)

    def _watch(self, step: Progress) -> None:
        with self._lock:
            self._view = View("running", step, None, None)
