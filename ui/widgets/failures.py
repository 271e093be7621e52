"""What went wrong, in words, with what to do; never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ingest.errors import KestrelError
from ui.widgets.inert import escaped

_LOG = logging.getLogger("kestrel.ui")


def told(error: KestrelError) -> str:
    """An error as one text: what happened, and what to do."""
    return "\n".join(part for part in (error.message, error.remedy) if part)


def show_error(text: str) -> None:
    with st.container(border=True):
        st.markdown("**:red[✗ That did not work]**")
        st.html(f'<p class="k-text">{escaped(text)}</p>')


@contextmanager
def guarded() -> Iterator[None]:
    """Turns what fails inside into a card on the page. Streamlit's own signals (stop, run again) pass."""
    try:
        yield
    except KestrelError as error:
        show_error(told(error))
    except Exception as error:  # noqa: BLE001 - the last place before the person's eyes
        _LOG.exception("a page failed")
        show_error(f"A fault in Kestrel: {type(error).__name__}. The terminal that runs the server shows the details.")
