"""The Library page: what a collection holds, how more comes in, and how it leaves."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from ingest import pipeline
from ingest.changes import Holding, Receipt
from ingest.places import place_name
from ingest.running import IngestRun
from ingest.uploads import keep_upload
from ui.state import Session, knowledge_of, run_of, runs, session
from ui.widgets.failures import guarded
from ui.widgets.following import follow
from ui.widgets.inert import escaped, label
from ui.widgets.progress import show_run
from ui.widgets.sidebar import choose_collection, sidebar
from ui.widgets.wording import number_of

HITS = 8  # of a retrieval test


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        follow(here)
        st.title("Library")
        _bring_in(here)
        show_run(here)
        _documents(here)
        _retrieval_test(here)
        _new_collection(here)


def _start(here: Session, paths: list[Path]) -> None:
    run = run_of(here)
    if run and run.view().state == "running":
        st.warning("A run is on. Wait for its end, or stop it.")
        return
    runs()[str(here.collection)] = IngestRun(pipeline.add(knowledge_of(str(here.collection)), paths))
    st.rerun()


def _bring_in(here: Session) -> None:
    files, folder = st.columns(2, gap="large")
    with files, st.form("upload", clear_on_submit=True, border=True):
        uploaded = st.file_uploader(
            "Files", accept_multiple_files=True, help="They are kept in the folder files/ of this collection."
        )
        if st.form_submit_button("Add to the collection", type="primary") and uploaded:
            _start(here, [keep_upload(here.collection, file.name, file.getvalue()) for file in uploaded])
    with folder, st.form("folder", border=True):
        path = st.text_input("A folder or file of this machine", placeholder="/home/me/documents")
        st.caption("It stays where it is. Sub-folders are read as well.")
        if st.form_submit_button("Add folder") and path.strip():
            _start(here, [Path(path.strip()).expanduser()])


def _documents(here: Session) -> None:
    knowledge = knowledge_of(str(here.collection))
    holdings = knowledge.store.holdings()
    statistics = knowledge.store.statistics()
    st.subheader("Documents")
    held = f"{number_of(statistics.documents, 'document')} in {number_of(statistics.chunks, 'chunk')}"
    st.caption(f"{held}, {statistics.bytes / 1e6:.1f} MB.")
    if not holdings:
        st.write("Nothing here yet.")
        return
    chosen = st.dataframe(
        [_row(holding) for holding in holdings],
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="documents",
        alt="Documents of this collection",
    )
    rows: list[int] = chosen["selection"]["rows"] if chosen else []
    selected = [holdings[row] for row in rows if row < len(holdings)]
    with st.container(horizontal=True):
        if st.button("Read changed files again", help="Files that are as they were are left alone."):
            _start(here, [path for holding in holdings if (path := Path(holding.source.uri)).exists()])
        if st.button(f"Remove {len(selected) or ''} selected", disabled=not selected, icon=":material/delete:"):
            st.session_state.removing = [holding.source.uri for holding in selected]
    _confirm_removal(here)


def _row(holding: Holding) -> dict[str, object]:
    source = holding.source
    warnings = [*holding.warnings, *([f"{source.outcome}: {source.reason}"] if source.outcome != "ok" else [])]
    return {
        "Name": Path(source.uri).name,
        "Title": holding.title,
        "Pages": str(holding.pages or ""),
        "Chunks": holding.chunks,
        "KB": round(source.size / 1000, 1),
        "Read": time.strftime("%Y-%m-%d %H:%M", time.localtime(source.seen)) if source.seen else "",
        "Warnings": "; ".join(warnings),
        "Path": source.uri,
    }


def _confirm_removal(here: Session) -> None:
    names: list[str] = st.session_state.get("removing", [])
    if names:
        with st.container(border=True):
            st.markdown(
                f"**Forget {number_of(len(names), 'document')}?** The text, vectors and words are deleted; files stay."
            )
            with st.container(horizontal=True):
                if st.button("Yes, forget them", type="primary"):
                    knowledge = knowledge_of(str(here.collection))
                    st.session_state.receipts = [knowledge.remove(name) for name in names]
                    st.session_state.removing = []
                    st.rerun()
                if st.button("Keep them"):
                    st.session_state.removing = []
                    st.rerun()
    receipts: list[Receipt] = st.session_state.get("receipts", [])
    if receipts:
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


def _retrieval_test(here: Session) -> None:
    st.subheader("Try the search")
    words = st.text_input(
        "What would be found for", key="retrieval", placeholder="words or a question; no model is asked"
    )
    if not words.strip():
        return
    started = time.perf_counter()
    hits = knowledge_of(str(here.collection)).search(words, HITS, here.only)
    st.caption(f"{number_of(len(hits), 'passage')} in {1000 * (time.perf_counter() - started):.0f} ms")
    for rank, hit in enumerate(hits, start=1):
        with st.container(border=True):
            printed = place_name(hit.chunk.page, hit.label)
            place = f"{Path(hit.source).name}, {printed}" if printed else Path(hit.source).name
            st.markdown(f"**{rank}. {label(place)}** · score {hit.score:.3f}")
            st.html(f'<p class="k-text">{escaped(hit.chunk.text)}</p>')


def _new_collection(here: Session) -> None:
    st.subheader("Collections")
    with st.form("collection", border=True):
        name = st.text_input("A new collection, or the path of one", placeholder="contracts")
        st.caption(f"A name makes a folder beside this one, in {label(str(here.collection.parent), 200)}.")
        if st.form_submit_button("Open") and name.strip():
            choose_collection(here, (here.collection.parent / Path(name.strip()).expanduser()).absolute())
            st.rerun()
