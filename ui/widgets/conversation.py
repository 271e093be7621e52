"""What can be done with a conversation as a whole: begin another, take it along."""

from __future__ import annotations

import streamlit as st

from assistant.markdown import conversation_as_markdown
from ui.state import Session


def conversation_buttons(here: Session) -> None:
    answers = [exchange.answer for exchange in here.exchanges if exchange.answer]
    fresh = not here.exchanges
    st.button("New conversation", icon=":material/add:", disabled=fresh, width="stretch", on_click=here.begin)
    if answers:
        st.download_button(
            "Save as Markdown",
            conversation_as_markdown(answers),
            f"conversation-{here.conversation}.md",
            "text/markdown",
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
        )
