"""An answer while it comes: its stages one by one, what was found as soon as that is known, its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from assistant.events import Event, PassagesFound, StageBegan, StageFinished
from ui.widgets.inert import escaped
from ui.widgets.passages import passage_list
from ui.widgets.stages import stages_as_html

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

FOUND = 5  # passages that are shown before the answer is there


class LiveAnswer:
    """Draws where it is made, and in `panel` what was found; `afterwards` draws the rest of the page, once."""

    def __init__(self, panel: DeltaGenerator, afterwards: Callable[[], None]) -> None:
        self._panel = panel
        self._afterwards: Callable[[], None] | None = afterwards
        self._stages = st.empty()
        self._text = st.empty()
        self._note = st.empty()
        self._finished: dict[str, float] = {}

    def hear(self, event: Event) -> None:
        """Listens to `Assistant.stream`."""
        match event:
            case StageBegan(stage):
                self._stages.html(stages_as_html(self._finished, running=stage))
            case StageFinished(stage, seconds):
                self._finished[stage] = seconds
                self._stages.html(stages_as_html(self._finished))
            case PassagesFound(passages):
                with self._panel.container():
                    st.markdown("#### Found")
                    passage_list(passages[:FOUND])
                if self._afterwards:
                    self._afterwards()
                    self._afterwards = None

    def write(self, text: str) -> None:
        """What the model has written so far. The note is what stays where the answer is stopped."""
        self._text.html(f'<p class="k-text">{escaped(text)}</p>')
        self._note.caption("Not checked against the documents yet.")
