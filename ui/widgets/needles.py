"""Up to which length a model finds what stands in its prompt: measured here, and drawn as length by depth."""

from __future__ import annotations

import streamlit as st

from eval.background import MeasuringRun
from eval.longcontext.figures import Curve
from eval.longcontext.measuring import Cell
from ui.state import Session, measurements, model_at
from ui.widgets.failures import show_error, told
from ui.widgets.inert import escaped

REFRESH = 0.7  # seconds
LENGTHS = (1000, 2000, 4000, 8000, 16000)  # tokens; those that do not fit the window are left out
EACH = 5  # pass keys of a length: one at each depth


def measuring(here: Session, spec: str) -> None:
    """A button that starts the measurement of a server, and how far it is."""
    run = measurements().get(spec)
    if run is not None and run.view().state == "running":
        _watch(run)
        return
    if run is not None:
        _ended(run)
    lengths = ", ".join(f"{length:,}" for length in LENGTHS)
    explained = f"Hides a number in texts of {lengths} tokens, {EACH} times each, and asks for it. That takes minutes."
    if st.button("Measure how long prompts may be", key=f"measure-{spec}", help=explained):
        measurements()[spec] = MeasuringRun(model_at(here, spec), LENGTHS, EACH, here.collection)
        st.rerun()


@st.fragment(run_every=REFRESH)
def _watch(run: MeasuringRun) -> None:
    view = run.view()
    if view.state != "running":
        st.rerun()
    done = view.step or 0
    st.progress(done / max(1, run.total), text=f"{done} of {run.total} prompts")
    if st.button("Stop", key="stop-measuring", icon=":material/stop_circle:"):
        run.stop()


def _ended(run: MeasuringRun) -> None:
    view = run.view()
    if view.state == "stopped":
        st.info("Stopped. Nothing of it is kept.")
    elif view.error is not None:
        show_error(told(view.error))
    elif view.state == "failed":
        show_error("A fault in Kestrel ended it. The terminal that runs the server shows the details.")


def show_curve(curve: Curve) -> None:
    """A table for each task: a column a length, a row a depth, and all depths together with their 95 % interval."""
    usable = f"finds things well in prompts of up to {curve.usable:,} tokens" if curve.usable else "finds too little"
    st.html(f'<p class="k-text"><b>{escaped(curve.model)}</b> {usable} (80 % found, and at every shorter length).</p>')
    for task in dict.fromkeys(cell.task for cell in curve.lengths):
        st.html(_table(task, [cell for cell in curve.lengths if cell.task == task], curve.depths))


def _table(task: str, lengths: list[Cell], cells: tuple[Cell, ...]) -> str:
    depths = sorted({cell.depth for cell in cells if cell.task == task and cell.depth is not None})
    head = "".join(f"<th>{cell.tokens:,}</th>" for cell in lengths)
    rows = "".join(
        f"<tr><th>{depth:.0%} deep</th>{''.join(_share(_nearest(cells, length, depth)) for length in lengths)}</tr>"
        for depth in depths
    )
    whole = "".join(f"<td>{cell.share:.0%}<br><small>{_interval(cell)}</small></td>" for cell in lengths)
    return (
        f'<div class="k-wide"><table class="k-needles"><caption>{escaped(task)}: found, by length in tokens</caption>'
        f"<tr><th></th>{head}</tr>{rows}<tr><th>all depths</th>{whole}</tr></table></div>"
    )


def _nearest(cells: tuple[Cell, ...], length: Cell, depth: float) -> Cell | None:
    """Of one depth: its mean length differs a little from that of all depths."""
    near = [cell for cell in cells if cell.task == length.task and cell.depth == depth]
    found = min(near, key=lambda cell: abs(cell.tokens - length.tokens), default=None)
    return found if found and abs(found.tokens - length.tokens) <= 0.1 * length.tokens else None


def _share(cell: Cell | None) -> str:
    if cell is None:
        return "<td></td>"
    ground = f"rgba(20, 140, 90, {0.45 * cell.share:.2f})"
    return f'<td style="background: {ground}">{cell.right} of {cell.cases}</td>'


def _interval(cell: Cell) -> str:
    low, high = cell.interval
    return f"{low:.0%} to {high:.0%}"
