"""How documents come in: files that are dropped, a folder of the machine, a password for those that are locked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ingest import pipeline
from ingest.changes import Holding
from ingest.running import IngestRun
from ingest.unlocking import needs_password
from ingest.uploads import keep_upload
from ui.state import Session, knowledge_of, run_of, runs
from ui.widgets.inert import label
from ui.widgets.wording import number_of

NAMED = 3  # locked files


def start_reading(here: Session, paths: Sequence[Path], password: str = "", *, again: bool = False) -> None:
    """Begins a run over `paths` and draws the page again. The password goes to this run's readers, and nowhere else.

    `again` reads what did not change too.
    """
    run = run_of(here)
    if run and run.view().state == "running":
        st.warning("Files are being read. Wait for the end, or stop it.")
        return
    options = pipeline.IngestOptions(password=password, again=again)
    runs()[str(here.collection)] = IngestRun(pipeline.add(knowledge_of(str(here.collection)), paths, options))
    st.rerun()


def bring_in(here: Session) -> None:
    files, folder = st.columns(2, gap="medium")
    with files, st.form("upload", clear_on_submit=True, height="stretch"):
        uploaded = st.file_uploader(
            "Drop files here, or choose them",
            accept_multiple_files=True,
            help="They are kept in the folder files/ of this collection.",
        )
        if st.form_submit_button("Add to the collection", type="primary") and uploaded:
            start_reading(here, [keep_upload(here.collection, file.name, file.getvalue()) for file in uploaded])
    with folder, st.form("folder", height="stretch"):
        path = st.text_input("A folder or file of this machine", placeholder="/home/me/documents")
        st.caption("It stays where it is. Sub-folders are read as well.")
        if st.form_submit_button("Add folder") and path.strip():
            start_reading(here, [Path(path.strip()).expanduser()])


def unlock(here: Session, holdings: Sequence[Holding]) -> None:
    """Asks for the password of files that one opens, where there are such."""
    locked = [Path(holding.source.uri) for holding in holdings if needs_password(holding.source)]
    if not locked:
        return
    more = f" and {len(locked) - NAMED} more" if len(locked) > NAMED else ""
    with st.form("unlock", clear_on_submit=True):
        names = label(", ".join(path.name for path in locked[:NAMED]) + more, 200)
        st.markdown(f"**{number_of(len(locked), 'file')} under a password:** {names}")
        password = st.text_input("Password", type="password", help="Used for this reading, and stored nowhere.")
        if st.form_submit_button("Unlock and read", icon=":material/lock_open:") and password:
            start_reading(here, [path for path in locked if path.exists()], password)
