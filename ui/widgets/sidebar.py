"""The side bar: which collection is asked, what of it, by which model, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from ingest.store import DATABASE
from ui.state import EXTRACTIVE, Session, holdings_of, knowledge_of
from ui.widgets.inert import option

MOST_LISTED = 500  # documents to choose from; all of them travel to the browser with each click
MODES: dict[Literal["auto", "chunks", "whole"], str] = {
    "auto": "Automatic",
    "chunks": "Passages",
    "whole": "Whole documents",
}


def sidebar(here: Session) -> None:
    with st.sidebar:
        _collection(here)
        _sources(here)
        _model(here)


def choose_collection(here: Session, location: Path) -> None:
    """Another collection is another conversation."""
    if location != here.collection:
        here.collection, here.sources = location, ()
        here.begin()


def collections(here: Session) -> list[Path]:
    """This one, and every knowledge base in the folders beside it."""
    beside = sorted(path.parent for path in here.collection.parent.glob(f"*/{DATABASE}"))
    return list(dict.fromkeys([here.collection, *beside]))


def _collection(here: Session) -> None:
    known = collections(here)
    chosen = st.selectbox(
        "Collection",
        known,
        index=known.index(here.collection),
        format_func=lambda path: option(path.name),
        help="A folder that holds a knowledge base. New ones are made on the Library page.",
    )
    choose_collection(here, chosen)


def _sources(here: Session) -> None:
    if knowledge_of(str(here.collection)).store.statistics().documents > MOST_LISTED:
        pattern = st.text_input(
            "Documents",
            "".join(here.sources[:1]),
            placeholder="All of them",
            help="Limit the search to one file name, or to a pattern such as *2024*.pdf.",
        ).strip()
        here.sources = (pattern,) if pattern else ()
        return
    names = sorted(holding.source.uri for holding in holdings_of(here) if holding.source.document_id)
    chosen = st.multiselect(
        "Documents",
        names,
        default=[name for name in here.sources if name in names],
        format_func=lambda name: option(Path(name).name, 40),
        placeholder="All of them",
        help="Limit the search to these documents.",
    )
    here.sources = tuple(chosen)


def _model(here: Session) -> None:
    options = [EXTRACTIVE, *here.endpoints]
    here.llm = st.selectbox(
        "Model",
        options,
        index=options.index(here.llm) if here.llm in options else 0,
        format_func=lambda spec: "Built in (no server)" if spec == EXTRACTIVE else option(spec, 60),
        help="The built-in one quotes the documents and needs no server. Others are added on the Models page.",
    )
    if here.llm != EXTRACTIVE:
        modes = list(MODES)
        here.mode = st.selectbox(
            "What fills the window",
            modes,
            index=modes.index(here.mode),
            format_func=lambda mode: MODES[mode],
            help="Automatic takes whole documents where they fit and the model is known to cope with that length.",
        )
