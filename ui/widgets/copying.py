"""The same question as a command and as Python, to be copied: with the settings that gave the answer."""

from __future__ import annotations

import streamlit as st

from assistant.repeating import as_command, as_program
from ui.keeping import run_of_exchange
from ui.state import Exchange, Session


def copy_buttons(here: Session, exchange: Exchange, number: int) -> None:
    run = run_of_exchange(exchange)
    with st.popover("Copy as …", type="tertiary", icon=":material/content_copy:", key=f"copy-{number}"):
        st.caption("Command")
        st.code(as_command(run, str(here.collection)), language="bash", wrap_lines=True)
        st.caption("Python")
        st.code(as_program(run, str(here.collection)), language="python", wrap_lines=True)
