"""Thumbs: what a person thinks of an answer, with the reason, kept for the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ingest.errors import KestrelError
from ui.keeping import history_of
from ui.state import Exchange, Session
from ui.widgets.failures import show_error, told
from ui.widgets.inert import label

if TYPE_CHECKING:
    from assistant.history import Verdict

REASONS: dict[Verdict, str] = {
    "wrong": "It says what is not so",
    "citation": "It is right, but stands elsewhere",
    "missing": "The documents hold more than this",
}
UP = 1  # as `st.feedback` counts its thumbs


def thumbs(here: Session, exchange: Exchange, number: int) -> None:
    """Up keeps "good" at once; down asks for the reason first."""
    if not exchange.run:
        if exchange.unkept:
            st.caption(f"Not kept. {label(exchange.unkept, 300)}")
        return
    given = {"": None, "good": UP}.get(exchange.verdict, 0)
    thumb = st.feedback("thumbs", key=f"thumb-{exchange.run}", default=given)
    if thumb == UP and exchange.verdict != "good":
        _judge(here, exchange, "good")
    elif thumb == 0:
        with st.popover(REASONS.get(exchange.verdict, "What is wrong?"), key=f"reason-{number}"):  # type: ignore[call-overload]
            _ask_why(here, exchange)


def _ask_why(here: Session, exchange: Exchange) -> None:
    verdicts = list(REASONS)
    with st.form(f"why-{exchange.run}", border=False):
        verdict = st.radio("What is wrong?", verdicts, format_func=lambda each: REASONS[each])
        reason = st.text_input("In your words", help="Kept with the verdict, for whoever mends it.")
        if st.form_submit_button("Keep", type="primary"):
            _judge(here, exchange, verdict, reason)
            st.rerun()


def _judge(here: Session, exchange: Exchange, verdict: Verdict, reason: str = "") -> None:
    try:
        exchange.verdict = history_of(here).feedback(exchange.run, verdict, reason).verdict
    except KestrelError as error:
        show_error(told(error))
