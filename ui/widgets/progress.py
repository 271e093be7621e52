"""An ingest run while it runs: each file with its phase, how fast, how long still, and a way to stop it."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from ingest.progress import duration
from ingest.running import View
from ui.state import Session, run_of
from ui.widgets.failures import show_error, told
from ui.widgets.inert import label
from ui.widgets.wording import number_of, told_outcome

REFRESH = 0.7  # seconds
PHASES = {
    "embedding": "⋯ embedding",
    "stored": "✓ stored",
    "unchanged": "= unchanged",
    "failed": "✗ failed",
    "removed": "− removed",
    "left": "○ not stored",
}


def show_run(here: Session) -> None:
    """Redraws itself while a run is on, and the whole page when it ends."""
    run = run_of(here)
    if run is None:
        return
    if run.view().state == "running":
        _watch()
    else:
        _draw(run.view())


@st.fragment(run_every=REFRESH)
def _watch() -> None:
    from ui.state import session

    run = run_of(session())
    if run is None:
        return
    view = run.view()
    _draw(view)
    if view.state != "running":
        st.rerun()
    if st.button("Stop", key="stop-run", icon=":material/stop_circle:"):
        run.stop()


def _draw(view: View) -> None:
    eta = "" if view.eta is None or view.state != "running" else f" · about {duration(view.eta)} to go"
    if view.state == "running":
        st.progress(min(1.0, view.fraction), text=label(f"{view.line}{eta}", 200))
    elif view.state == "stopped":
        st.info(f"Stopped. {_stored(view)} The next run goes on with the rest.")
    elif view.error is not None:
        show_error(told(view.error))
    elif view.state == "failed":
        show_error("A fault in Kestrel ended the run. The terminal that runs the server shows the details.")
    elif view.report:
        report = view.report
        show = st.warning if report.failed else st.success
        show(
            f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
            f"{len(report.failed)} failed in {duration(report.seconds)}: {report.documents} documents in all."
        )
    if view.files:
        st.dataframe(
            [
                {
                    "File": PurePath(source).name,
                    "Phase": PHASES[state.phase],
                    "Pages": str(state.pages or ""),
                    "Chunks": state.chunks,
                    "Remarks": told_outcome(state.outcome, state.detail),
                }
                for source, state in view.files.items()
            ],
            hide_index=True,
            alt="Files of this run with their phase",
        )


def _stored(view: View) -> str:
    stored = sum(state.phase == "stored" for state in view.files.values())
    return f"{number_of(stored, 'file')} of this run {'is' if stored == 1 else 'are'} in the collection."
