"""The pages and the way between them."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

from ui.views import ask, evaluate, history, library, models
from ui.widgets.style import STYLE

ICON = Path(__file__).with_name("kestrel.svg")


def main() -> None:
    st.set_page_config(page_title="Kestrel", page_icon=str(ICON), layout="wide")
    if "ui.serving" not in sys.modules:  # `streamlit run` would ask for no key, and listen at every address
        st.error("These pages are opened by `python -m ui` alone, which knows who may see them.")
        return
    st.html(STYLE)
    st.navigation(
        [
            st.Page(ask.show, title="Ask", icon=":material/question_answer:", url_path="ask", default=True),
            st.Page(library.show, title="Library", icon=":material/folder_open:", url_path="library"),
            st.Page(history.show, title="History", icon=":material/history:", url_path="history"),
            st.Page(evaluate.show, title="Evaluate", icon=":material/balance:", url_path="evaluate"),
            st.Page(models.show, title="Models", icon=":material/memory:", url_path="models"),
        ]
    ).run()


main()
