"""The pages and the way between them, behind a door where a key was set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ui.views import ask, evaluate, history, library, models
from ui.widgets.gate import admitted, gate
from ui.widgets.style import STYLE

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

ICON = Path(__file__).with_name("kestrel.svg")
VIEWS: list[tuple[Callable[[], None], str, str]] = [
    (ask.show, "Ask", ":material/question_answer:"),
    (library.show, "Library", ":material/folder_open:"),
    (history.show, "History", ":material/history:"),
    (evaluate.show, "Evaluate", ":material/balance:"),
    (models.show, "Models", ":material/memory:"),
]


def main() -> None:
    st.set_page_config(page_title="Kestrel", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    inside = admitted()
    st.navigation([_page(*view, inside) for view in VIEWS], position="sidebar" if inside else "hidden").run()


def _page(show: Callable[[], None], title: str, icon: str, inside: bool) -> StreamlitPage:
    """Under its address stands the door at first, so that who followed a link is there once it is open."""
    address, default = title.lower(), show is ask.show
    if not inside:
        return st.Page(gate, title="Kestrel", url_path=address, default=default)
    return st.Page(show, title=title, icon=icon, url_path=address, default=default)


main()
