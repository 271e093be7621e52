"""One exchange: the question, how the answer came about, its sentences with their citations, or why there is none."""

from __future__ import annotations

import streamlit as st

from assistant.answers import Answer, Citation, Sentence
from ui.state import Exchange, Session, Shown
from ui.widgets.copying import copy_buttons
from ui.widgets.failures import show_error
from ui.widgets.inert import escaped, label, shown
from ui.widgets.judging import thumbs
from ui.widgets.ledger import ledger_bar
from ui.widgets.passages import passage_list, where
from ui.widgets.stages import stages_as_html

SIGNS = {"supported": ("✓", "green"), "partly": ("~", "orange"), "not_found": ("✗", "red")}
MEANING = {
    "supported": "This stands in the document",
    "partly": "A part of this stands in the document",
    "not_found": "This was not found in the documents",
}
NEAREST = 3  # passages of a refusal


def show_exchange(here: Session, number: int) -> None:
    exchange = here.exchanges[number]
    with st.chat_message("user", avatar=":material/person:"):
        shown(exchange.question)
    with st.chat_message("assistant", avatar=":material/search:"):
        if exchange.error:
            show_error(exchange.error)
        elif exchange.answer is None:
            shown(exchange.partial)
            st.caption("Stopped. What stands here was not checked.")
        else:
            _show_answer(here, number, exchange, exchange.answer)


def _show_answer(here: Session, number: int, exchange: Exchange, answer: Answer) -> None:
    st.html(stages_as_html(answer.timings))
    if answer.degraded:
        st.warning(label(f"In the documents' own words, because the model did not answer. {answer.degraded}", 600))
    if answer.damaged:
        st.warning(label(f"Found without an index, which is slower. {answer.damaged} Run: ingest rebuild", 600))
    if answer.abstained:
        _refusal(here, number, answer)
    else:
        if exchange.insisted:
            st.caption("Asked for in spite of little evidence: read the sources before you rely on it.")
        for place, sentence in enumerate(answer.sentences):
            _sentence(here, Shown(number, place, 0), sentence)
    _remarks(answer)
    if answer.prompt:
        ledger_bar(answer.prompt.ledger)
    with st.container(horizontal=True, vertical_alignment="center"):
        thumbs(here, exchange, number)
        copy_buttons(here, exchange, number)


def _sentence(here: Session, first: Shown, sentence: Sentence) -> None:
    name = f"sentence-{first.exchange}-{first.sentence}"
    with st.container(horizontal=True, gap="small", key=name):
        st.html(f'<p class="k-text">{escaped(sentence.text)}</p>')
        with st.container(horizontal=True, width="content", gap="xxsmall", key=f"citations-of-{name}"):
            sign, color = SIGNS[sentence.support]
            if not sentence.citations:
                st.markdown(f":{color}[{sign} not found]", help=MEANING["not_found"], width="content")
            for place, citation in enumerate(sentence.citations):
                _citation(here, Shown(first.exchange, first.sentence, place), sentence, citation)


def _citation(here: Session, place: Shown, sentence: Sentence, citation: Citation) -> None:
    sign, color = SIGNS[sentence.support if citation.verified else "not_found"]
    chosen = here.shown == place
    st.button(
        f"**▸ :{color}[{sign}] {citation.passage}**" if chosen else f":{color}[{sign}] {citation.passage}",
        key=f"citation-{place.exchange}-{place.sentence}-{place.citation}",
        help=" · ".join([MEANING[sentence.support], label(where(citation)), *(label(d, 160) for d in sentence.doubts)]),
        on_click=here.show,
        args=(place,),
    )


def _refusal(here: Session, number: int, answer: Answer) -> None:
    with st.container(border=True):
        st.markdown("**Not found in these documents**")
        st.caption(f"No passage answers this well enough (confidence {answer.confidence:.0%}). The nearest ones:")
        passage_list(answer.passages[:NEAREST])
        if answer.passages:
            st.button("Answer anyway", key=f"insist-{number}", on_click=here.ask, args=(answer.question, True))


def _remarks(answer: Answer) -> None:
    completion = answer.completion
    if completion and completion.finish == "length":
        st.warning("The answer is cut off: it has reached the length that was kept for it.")
    if completion and completion.finish == "incomplete":
        st.warning(label(f"The answer is incomplete. {completion.problem}", 600))
    if answer.markers_dropped:
        st.caption(f"{answer.markers_dropped} citations of the model name no passage. They were dropped.")
    if answer.searched_for and answer.searched_for != answer.question:
        st.html(f'<p class="k-text"><small>Searched for: {escaped(answer.searched_for)}</small></p>')
