"""The Library page: what a collection holds, how more comes in, and how it leaves."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from ingest.places import place_name
from ui.state import Session, holdings_of, knowledge_of, session
from ui.widgets.bringing import bring_in, unlock
from ui.widgets.failures import guarded
from ui.widgets.following import follow
from ui.widgets.holdings import documents
from ui.widgets.inert import escaped, label
from ui.widgets.progress import show_run
from ui.widgets.sidebar import choose_collection, sidebar
from ui.widgets.wording import number_of

HITS = 8  # of a retrieval test


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
                _retrieval_test(here)
        _new_collection(here)


def _retrieval_test(here: Session) -> None:
    st.subheader("Try the search")
    words = st.text_input("Words or a question", key="retrieval", placeholder="What would be found? No model is asked.")
    if not words.strip():
        return
    started = time.perf_counter()
    hits = knowledge_of(str(here.collection)).search(words, HITS, here.only)
    st.caption(f"{number_of(len(hits), 'passage')} in {1000 * (time.perf_counter() - started):.0f} ms")
    for rank, hit in enumerate(hits, start=1):
        with st.container(border=True):
            printed = place_name(hit.chunk.page, hit.label)
            place = f"{Path(hit.source).name}, {printed}" if printed else Path(hit.source).name
            st.markdown(f"**{rank}. {label(place)}** · score {hit.score:.3f}")
            st.html(f'<p class="k-text">{escaped(hit.chunk.text)}</p>')


def _new_collection(here: Session) -> None:
    st.subheader("Collections")
    with st.form("collection", border=True):
        name = st.text_input("Name of a collection, or its path", placeholder="contracts")
        st.caption(f"A new name makes a folder beside this one, in {label(str(here.collection.parent), 200)}.")
        if st.form_submit_button("Open or create") and name.strip():
            choose_collection(here, (here.collection.parent / Path(name.strip()).expanduser()).absolute())
            st.rerun()
