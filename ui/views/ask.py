"""The Ask page: a conversation, and beside it the source of what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from assistant.answers import Turn
from assistant.demo import EXAMPLES, SAMPLE
from ingest import pipeline
from ingest.errors import KestrelError
from ingest.running import IngestRun
from ui.keeping import keep, settings_of
from ui.state import Exchange, Session, Shown, assistant_of, holdings_of, knowledge_of, run_of, runs, session
from ui.widgets.answer import show_exchange
from ui.widgets.conversation import conversation_buttons
from ui.widgets.failures import guarded, told
from ui.widgets.following import follow
from ui.widgets.inert import label, shown
from ui.widgets.live import LiveAnswer
from ui.widgets.progress import show_run
from ui.widgets.sidebar import sidebar
from ui.widgets.source import source_panel

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

HEIGHT = 640  # pixels, where the style sheet, which takes that of the window, is not obeyed


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        if not _ready(here):
            return
        with st.sidebar:
            conversation_buttons(here)
        typed = st.chat_input("Ask your documents", submit_mode="stop")
        waiting, here.waiting = here.waiting, None
        question = (typed, False) if typed else waiting
        if not here.exchanges and not question:
            _welcome(here)
            return
        left, right = st.columns([3, 2], gap="large")
        with left, st.container(height=HEIGHT, border=False, key="conversation", autoscroll=True):
            past, running = st.container(), st.container()
        with right, st.container(height=HEIGHT, border=False, key="source"):
            panel = st.empty() if question else st.container()  # what is emptied flickers, pictures most of all
        if question:  # what is found for it comes before what was there already
            with running:
                before = len(here.exchanges)
                _answer(here, *question, panel, lambda: _conversation(here, past, before))
            st.rerun()
        _conversation(here, past, len(here.exchanges))
        with panel:
            source_panel(here)


def _conversation(here: Session, past: DeltaGenerator, length: int) -> None:
    with past:
        for number in range(length):
            show_exchange(here, number)


def _ready(here: Session) -> bool:
    """Whether there is something to ask; where not, the page says how to change that."""
    knowledge = knowledge_of(str(here.collection))
    if knowledge.store.statistics().documents:
        return True
    follow(here)
    run = run_of(here)
    if run and run.view().state == "running":
        show_run(here)
        return False
    st.title("Ask your own documents")
    st.write("This collection is empty. Add documents of yours, or try it on the sample: Kestrel's own guide.")
    with st.container(horizontal=True):
        if st.button("Add documents", type="primary", icon=":material/upload_file:"):
            st.switch_page(st.Page(_library, title="Library", url_path="library"))
        if st.button("Try the sample collection"):
            runs()[str(here.collection)] = IngestRun(pipeline.add(knowledge, [SAMPLE]))
            st.rerun()
    return False


def _library() -> None:
    from ui.views import library

    library.show()


def _welcome(here: Session) -> None:
    st.title("Ask your own documents")
    st.write("Every sentence of an answer says where it stands. Where the documents do not tell, you are told so.")
    if any(holding.source.uri.startswith(str(SAMPLE)) for holding in holdings_of(here)):
        st.caption("Three questions to begin with; the last one is one that the sample collection cannot answer.")
        for example in EXAMPLES:
            st.button(
                label(example.question),
                key=f"example-{example.question}",
                on_click=here.ask,
                args=(example.question,),
            )


def _answer(here: Session, question: str, insist: bool, panel: DeltaGenerator, afterwards: Callable[[], None]) -> None:
    """Asks, shows the answer while it comes, and keeps what came, also where it was stopped or failed."""
    exchange = Exchange(question, insist, settings=settings_of(here))
    here.exchanges.append(exchange)
    history = [Turn(each.answer.searched_for, each.answer.text) for each in here.exchanges[:-1] if each.answer]
    with st.chat_message("user", avatar=":material/person:"):
        shown(question)
    with st.chat_message("assistant", avatar=":material/search:"):
        live = LiveAnswer(panel, afterwards)
        try:
            kestrel = assistant_of(here)
            stream = kestrel.stream(question, history=history, only=here.only, insist=insist, listener=live.hear)
        except KestrelError as error:
            exchange.error = told(error)
            return
        try:
            for piece in stream:
                exchange.partial += piece
                live.write(exchange.partial)
            exchange.answer = stream.answer
            keep(here, exchange)
        except KestrelError as error:
            exchange.error = told(error)
        finally:
            stream.close()  # a click on stop ends this run by an exception: the model is not kept busy
    here.shown = _first_citation(exchange, len(here.exchanges) - 1)


def _first_citation(exchange: Exchange, number: int) -> Shown | None:
    sentences = exchange.answer.sentences if exchange.answer else ()
    cited = (place for place, sentence in enumerate(sentences) if sentence.citations)
    return next((Shown(number, place, 0) for place in cited), None)
