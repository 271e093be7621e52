"""An evaluation while it runs, and what came of it."""

from __future__ import annotations

import json
from base64 import b64encode

import streamlit as st

from eval.background import EvaluationRun, View
from eval.evaluation import Evaluation
from eval.reporting.curves import RiskPoint, risk_coverage
from eval.reporting.document import report_of
from eval.reporting.page import page
from eval.running import Progress
from ingest.progress import duration
from ui.widgets.failures import show_error, told
from ui.widgets.inert import escaped, label

REFRESH = 0.7  # seconds
HEIGHT = 900  # pixels of the report


def show_evaluation_run(run: EvaluationRun) -> None:
    """Redraws itself while it is on, and the whole page when it ends."""
    if run.view().state == "running":
        _watch(run)
    else:
        _ended(run.view())


@st.fragment(run_every=REFRESH)
def _watch(run: EvaluationRun) -> None:
    view = run.view()
    if view.state != "running":
        st.rerun()
    step = view.step
    if step is None:
        st.progress(0.0, text="Opening …")
    else:
        left = f" · about {duration(step.left)} to go" if step.left else ""
        known = f", {step.reused} known before" if step.reused else ""
        errors = f", {step.errors} errors" if step.errors else ""
        text = label(f"{step.done} of {step.total} answers{known}{errors}{left}", 200)
        st.progress(step.done / step.total if step.total else 0.0, text=text)
    if st.button("Stop", key="stop-evaluation", icon=":material/stop_circle:"):
        run.stop()


def _ended(view: View[Progress, Evaluation]) -> None:
    if view.state == "stopped":
        st.info("Stopped. The answers that came are kept; Compare goes on with the rest.")
    elif view.error is not None:
        show_error(told(view.error))
    elif view.state == "failed":
        show_error("A fault in Kestrel ended the run. The terminal that runs the server shows the details.")


def show_evaluation(found: Evaluation) -> None:
    """The verdict, the risk that one is willing to take, the report of `eval` as it is, and files of it."""
    if found.verdict:
        st.html(f'<p class="k-text k-quote"><b>{escaped(found.verdict.sentence)}</b></p>')
    _risk(found)
    report = page(found)
    with st.container(horizontal=True):
        st.download_button("Report (HTML)", report, "report.html", "text/html", on_click="ignore")
        figures = json.dumps(report_of(found), ensure_ascii=False, indent=1)
        st.download_button("Figures (JSON)", figures, "report.json", "application/json", on_click="ignore")
    # As a data: address it has an origin of its own: whatever stands in it cannot reach into these pages.
    address = f"data:text/html;charset=utf-8;base64,{b64encode(report.encode()).decode()}"
    st.iframe(address, height=HEIGHT, alt="The report: arms, pairs, plots, and the questions on which arms differ")


def _risk(found: Evaluation) -> None:
    risk = st.slider("Answers that may be wrong, in per cent", 0, 50, 5, help="Of those that are given.") / 100
    for arm in found.arms:
        point = best_within(risk_coverage(found, arm), risk)
        words = (
            f"answers {point.coverage:.0%} of the questions, from a confidence of {point.confidence:.2f} on"
            if point
            else "keeps no such promise on these questions"
        )
        st.html(f'<p class="k-text"><b>{escaped(arm)}</b> {escaped(words)}.</p>')


def best_within(points: list[RiskPoint], risk: float) -> RiskPoint | None:
    """The point that answers most, of those with no more than this risk (a share)."""
    return max((point for point in points if point.risk <= risk), key=lambda point: point.coverage, default=None)
