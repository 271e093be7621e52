"""What a search finds, without a model that answers: for trying words, and for seeing what a second look changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ingest.documents import Hit
from ingest.places import place_name
from ui.state import Session, knowledge_of, reranker_of
from ui.widgets.inert import escaped, label
from ui.widgets.wording import number_of

HITS = 8  # that are shown


@dataclass(frozen=True)
class Trial:
    """What the search found, best first, and the order after a second look where there was one; both in seconds too."""

    found: list[Hit]
    searched: float
    ranked: list[Hit] | None = None
    reranked: float = 0.0


def try_the_search(here: Session) -> None:
    st.subheader("Try the search")
    words = st.text_input("Words or a question", key="retrieval", placeholder="What would be found? No model is asked.")
    if not words.strip():
        return
    trial = _kept(here, words)
    shown = trial.found if trial.ranked is None else trial.ranked
    told = f"{number_of(len(shown[:HITS]), 'passage')} in {1000 * trial.searched:.0f} ms"
    if trial.ranked is not None:
        again = f"{label(here.reranker)} looked at {len(trial.found)} again in {1000 * trial.reranked:.0f} ms"
        told = f"{told}; {again}"
    st.caption(told)
    before = {hit.chunk.id: rank for rank, hit in enumerate(trial.found, start=1)}
    for rank, hit in enumerate(shown[:HITS], start=1):
        _show(hit, rank, f" · {before[hit.chunk.id]} by the search alone" if trial.ranked is not None else "")


def _kept(here: Session, words: str) -> Trial:
    """That of the last words, while nothing changes: a second look takes seconds, and every click draws the page."""
    store = knowledge_of(str(here.collection)).store
    asked = (words, here.collection, here.only, here.reranker, store.generation())
    if st.session_state.get("trial", (None,))[0] != asked:
        st.session_state.trial = (asked, _tried(here, words))
    trial: Trial = st.session_state.trial[1]
    return trial


def _tried(here: Session, words: str) -> Trial:
    reranker = reranker_of(here)
    started = time.perf_counter()
    depth = max(HITS, reranker.depth) if reranker else HITS
    found = knowledge_of(str(here.collection)).search(words, depth, here.only)
    searched = time.perf_counter()
    if reranker is None:
        return Trial(found, searched - started)
    with st.spinner("Looking again …"):
        ranked = reranker.rerank(words, found)
    return Trial(found, searched - started, ranked, time.perf_counter() - searched)


def _show(hit: Hit, rank: int, remark: str) -> None:
    with st.container(border=True):
        printed = place_name(hit.chunk.page, hit.label)
        place = f"{Path(hit.source).name}, {printed}" if printed else Path(hit.source).name
        st.markdown(f"**{rank}. {label(place)}** · score {hit.score:.3f}{remark}")
        st.html(f'<p class="k-text">{escaped(hit.chunk.text)}</p>')
