"""The stages of an answer with their milliseconds."""

from __future__ import annotations

from collections.abc import Mapping

from ui.widgets.inert import escaped


def stages_as_html(seconds: Mapping[str, float], running: str = "") -> str:
    """Those that are through with how long they took, and the one that is `running`."""
    shown = [f"<span>{escaped(stage)} {1000 * each:,.0f} ms</span>" for stage, each in seconds.items()]
    if running:
        shown.append(f'<span class="k-running">{escaped(running)} …</span>')
    return f'<div class="k-stages" role="status" aria-label="Time of each stage">{"".join(shown)}</div>'
