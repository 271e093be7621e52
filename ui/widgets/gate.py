"""What a browser sees before it has given the key: a field for it, and nothing of the pages behind."""

from __future__ import annotations

import streamlit as st

from ui.door import Door, door

WIDTH = 420  # pixels
_OPENED = "opened"  # the door that this session came through: an object, which no browser can send


def admitted() -> bool:
    """Whether this session may see the pages."""
    there = door()
    return there is None or st.session_state.get(_OPENED) is there


def gate() -> None:
    """Asks for the key, and runs the page again with what stands behind once it is right."""
    there = door()
    assert there is not None
    with st.container(horizontal_alignment="center", key="gate"), st.container(width=WIDTH):
        st.title("Kestrel")
        st.write("These pages are under a key. Whoever started the server has it.")
        with st.form("gate", clear_on_submit=True):
            given = st.text_input("Key", type="password", autocomplete="current-password")
            tried = st.form_submit_button("Open", type="primary", width="stretch")
        if tried and given:
            _try(there, given)


def _try(there: Door, given: str) -> None:
    with st.spinner("Looking at the key …"):
        right = there.opens(given)
    if right:
        st.session_state[_OPENED] = there
        st.rerun()
    st.markdown(":red[✗ That is not the key.] Capitals and small letters differ.")
