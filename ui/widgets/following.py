"""Keeps a page in step with what others do: another browser, a command, a watched folder."""

from __future__ import annotations

import streamlit as st

from ui.state import Session, knowledge_of, run_of

REFRESH = 2.0  # seconds
_DRAWN = "drawn"  # in the state of the session: what the page shows


def follow(here: Session) -> None:
    """Draws the page again when the collection has changed, or a run has begun. Call it before either is drawn."""
    st.session_state[_DRAWN] = _now(here)
    _look(here)


@st.fragment(run_every=REFRESH)
def _look(here: Session) -> None:
    if _now(here) != st.session_state[_DRAWN]:
        st.rerun()


def _now(here: Session) -> tuple[str, int, bool]:
    run = run_of(here)
    generation = knowledge_of(str(here.collection)).store.generation()
    return str(here.collection), generation, bool(run and run.view().state == "running")
