"""Passages that were found, each with its place, in words that are shortened and without markup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import streamlit as st

from assistant.answers import Citation, Passage
from assistant.excerpts import excerpt
from ingest.places import place_name
from ui.widgets.inert import escaped


def where(place: Citation | Passage) -> str:
    """ "handbook.pdf, page 4"."""
    name = PurePath(place.source).name
    printed = place_name(place.page, place.label)
    return f"{name}, {printed}" if printed else name


def passage_list(passages: Sequence[Passage]) -> None:
    """In one piece, so that it is there at once."""
    items = "".join(f"<li><b>{escaped(where(passage))}</b><br>{escaped(excerpt(passage))}</li>" for passage in passages)
    st.html(f'<ol class="k-text k-found">{items}</ol>')
