"""The Library page: what a collection holds, how more comes in, and how it leaves."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.state import Session, holdings_of, session
from ui.widgets.bringing import bring_in, unlock
from ui.widgets.failures import guarded
from ui.widgets.following import follow
from ui.widgets.holdings import documents
from ui.widgets.inert import label
from ui.widgets.progress import show_run
from ui.widgets.sidebar import choose_collection, sidebar
from ui.widgets.trying import try_the_search


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        follow(here)
        st.title("Library")
        with guarded():
            bring_in(here)
        show_run(here)
        holdings = holdings_of(here)
        with guarded():
            unlock(here, holdings)
        with guarded():
            documents(here, holdings)
        with guarded():
            if holdings:
                try_the_search(here)
        _new_collection(here)


def _new_collection(here: Session) -> None:
    st.subheader("Collections")
    with st.form("collection", border=True):
        name = st.text_input("Name of a collection, or its path", placeholder="contracts")
        st.caption(f"A new name makes a folder beside this one, in {label(str(here.collection.parent), 200)}.")
        if st.form_submit_button("Open or create") and name.strip():
            choose_collection(here, (here.collection.parent / Path(name.strip()).expanduser()).absolute())
            st.rerun()
