"""The History page: conversations that were held on this collection; find, take up, take along, forget."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from assistant.conversations import PastConversation, past_conversations
from assistant.markdown import conversation_as_markdown
from ui.keeping import history_of, take_up
from ui.state import Session, session
from ui.widgets.failures import guarded
from ui.widgets.inert import escaped, label
from ui.widgets.judging import REASONS
from ui.widgets.sidebar import sidebar

LISTED = 30  # conversations at a time


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        st.title("History")
        st.caption(
            "Answers from this collection, asked here or on the command line. They are kept beside it, in answers.db."
        )
        words = st.text_input("Search", placeholder="words of a question or an answer", key="history-words")
        _listed(here, words)


def _listed(here: Session, words: str) -> None:
    """A page of them, with the way to the older ones below."""
    place = f"history-page-{words}"
    page: int = st.session_state.get(place, 1)
    found, total = past_conversations(history_of(here), words, LISTED, LISTED * (page - 1))
    if not found and page > 1:  # what stood there was forgotten meanwhile
        st.session_state[place] = 1
        found, total = past_conversations(history_of(here), words, LISTED)
    if not found:
        st.write("Nothing holds all of these words." if words.strip() else "No answers are kept yet.")
    for past in found:
        _conversation(here, past)
    pages = -(-total // LISTED)
    if pages > 1:
        st.caption(f"{total:,} conversations, the newest first.")
        st.pagination(pages, key=place)


def _conversation(here: Session, past: PastConversation) -> None:
    when = datetime.fromtimestamp(past.last_asked).astimezone().strftime("%Y-%m-%d %H:%M")
    count = f" · {len(past.runs)} answers" if len(past.runs) > 1 else ""
    with st.expander(f"**{label(past.title)}** · {when}{count}"):
        for run in past.runs:
            verdict = f" · {REASONS.get(run.verdict, run.verdict)}" if run.verdict else ""
            st.html(
                f'<p class="k-text"><b>{escaped(run.answer.question)}</b>{escaped(verdict)}<br>'
                f"{escaped(run.answer.text)}</p>"
            )
        with st.container(horizontal=True):
            if st.button("Continue", key=f"open-{past.id}", icon=":material/reply:"):
                take_up(here, past)
                st.switch_page(st.Page(_ask, title="Ask", url_path="ask", default=True))
            st.download_button(
                "Save as Markdown",
                conversation_as_markdown([run.answer for run in past.runs]),
                f"conversation-{past.id}.md",
                "text/markdown",
                key=f"save-{past.id}",
                on_click="ignore",
            )
            _delete(here, past)


def _delete(here: Session, past: PastConversation) -> None:
    with st.popover("Delete", key=f"delete-{past.id}"):
        st.write("The answers and their verdicts are deleted, and their place is overwritten.")
        if st.button("Yes, delete them", key=f"yes-delete-{past.id}", type="primary"):
            for run in past.runs:
                history_of(here).remove(run.id)
            if here.conversation == past.id:
                here.begin()
            st.rerun()


def _ask() -> None:
    from ui.views import ask

    ask.show()
