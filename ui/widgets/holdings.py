"""The documents of a collection as a table, and how they are read again or removed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ingest.changes import Holding, Receipt
from ingest.originals import standing
from ui.state import Session, knowledge_of
from ui.widgets.bringing import start_reading
from ui.widgets.inert import escaped, label
from ui.widgets.wording import number_of, told_outcome

MOST_ROWS = 500  # of the table: they travel to the browser with each click, and each file is looked at
_NAMED = 5  # documents that are to be removed
_STANDING = {"same": "", "changed": "changed since it was read", "gone": "the file is gone; its text is kept"}


def documents(here: Session, holdings: Sequence[Holding]) -> None:
    st.subheader("Documents")
    if holdings:
        _table(here, holdings)
    else:
        st.write("Nothing here yet.")
    _confirm_removal(here)


def _table(here: Session, holdings: Sequence[Holding]) -> None:
    statistics = knowledge_of(str(here.collection)).store.statistics()
    held = f"{number_of(statistics.documents, 'document')} in {number_of(statistics.chunks, 'chunk')}"
    st.caption(f"{held}, {statistics.bytes / 1e6:.1f} MB.")
    words, shown = _narrowed(holdings)
    chosen = st.dataframe(
        [_row(holding) for holding in shown],
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"documents {words}",  # what was chosen among others is not chosen among these
        alt="Documents of this collection",
    )
    rows: list[int] = chosen["selection"]["rows"] if chosen else []
    selected = [shown[row].source.uri for row in rows if row < len(shown)]
    with st.container(horizontal=True):
        if st.button(
            "Read changed files again",
            help="Files that are as they were are left alone. New files of a folder come in where it is added again.",
        ):
            start_reading(here, _there(holdings))
        old = _there([holding for holding in holdings if holding.outdated])
        if old and st.button(
            f"Read {number_of(len(old), 'file')} of an older version again",
            help="Kestrel reads more today than when these were read.",
        ):
            start_reading(here, old, again=True)
        if st.button(f"Remove {len(selected) or ''} selected", disabled=not selected, icon=":material/delete:"):
            st.session_state.removing = (here.collection, selected)


def _there(holdings: Sequence[Holding]) -> list[Path]:
    """Their files, as far as they are still there."""
    return [path for holding in holdings if (path := Path(holding.source.uri)).exists()]


def _narrowed(holdings: Sequence[Holding]) -> tuple[str, Sequence[Holding]]:
    """Those whose path or title holds what was typed, and that; all of them where they are few."""
    if len(holdings) <= MOST_ROWS:
        return "", holdings
    words = st.text_input("Find documents", placeholder="A part of the path or the title").strip().casefold()
    found = [each for each in holdings if words in each.source.uri.casefold() or words in each.title.casefold()]
    if len(found) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(found):,} are shown.")
    return words, found[:MOST_ROWS]


def _row(holding: Holding) -> dict[str, object]:
    source = holding.source
    state = standing(source)
    told = holding.warnings if state == "gone" else holding.remarks  # what is gone cannot be read again
    remarks = [_STANDING[state], told_outcome(source.outcome, source.reason), *told]
    return {
        "Name": Path(source.uri).name,
        "Pages": str(holding.pages or ""),
        "Chunks": holding.chunks,
        "Size": f"{source.size / 1000:,.1f} kB",
        "Read": time.strftime("%Y-%m-%d %H:%M", time.localtime(source.seen)) if source.seen else "",
        "Warnings": "; ".join(remark for remark in remarks if remark),
        "Title": holding.title,
        "Path": source.uri,
    }


def _confirm_removal(here: Session) -> None:
    collection, names = st.session_state.get("removing", (here.collection, []))
    if names and collection == here.collection:
        with st.container(border=True):
            st.markdown(
                f"**Remove {number_of(len(names), 'document')}?** "
                "The text, vectors and words are deleted from the collection; the files stay."
            )
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            st.markdown(label(", ".join(Path(name).name for name in names[:_NAMED]) + more, 400))
            with st.container(horizontal=True):
                if st.button("Yes, remove", type="primary"):
                    knowledge = knowledge_of(str(here.collection))
                    st.session_state.receipts = (here.collection, [knowledge.remove(name) for name in names])
                    del st.session_state["removing"]
                    st.rerun()
                if st.button("Keep"):
                    del st.session_state["removing"]
                    st.rerun()
    where, receipts = st.session_state.get("receipts", (here.collection, []))
    if receipts and where == here.collection:
        with st.expander(f"Receipt of the last removal: {number_of(len(receipts), 'document')}", expanded=True):
            for receipt in receipts:
                _receipt(receipt)


def _receipt(receipt: Receipt) -> None:
    kept = f" Kept, because it has other names: {', '.join(receipt.kept_by)}." if receipt.kept_by else ""
    places = "".join(
        f"<li>{escaped(place.name)}: {escaped(place.state)} {escaped(place.detail)}</li>" for place in receipt.places
    )
    head = f"<b>{escaped(receipt.source)}</b>: {number_of(receipt.chunks, 'chunk')}.{escaped(kept)}"
    st.html(f'<div class="k-text">{head}<ul>{places}</ul></div>')
