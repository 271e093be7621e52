"""Text of documents and answers as text: no markup in it is obeyed, no link is live, nothing hides or turns it.

Everything that a stranger wrote reaches the page through `shown` or `escaped`. HTML with every character of consequence
escaped is safer than Markdown with backslashes: Streamlit's Markdown makes links of bare addresses whatever stands
before them.
"""

from __future__ import annotations

import html
import re

import streamlit as st

from ingest.plain import plain, printable

_ADDRESS = re.compile(r"@|www|https?:", re.IGNORECASE)  # Streamlit makes links of what follows, escaped or not


def escaped(text: str) -> str:
    """For the inside of an HTML element: control and direction characters out, line breaks kept."""
    return html.escape(printable(text))


def shown(text: str) -> None:
    """A paragraph of a stranger's text."""
    st.html(f'<p class="k-text">{escaped(text)}</p>')


def option(text: str, longest: int = 80) -> str:
    """For what one chooses from in a list, which Streamlit shows as it is: one line."""
    line = plain(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def label(text: str, longest: int = 80) -> str:
    """For labels of widgets, which Streamlit reads as Markdown: one line, with every character of it escaped."""
    line = option(text, longest)
    unlinked = _ADDRESS.sub("\\g<0>\N{WORD JOINER}", line)
    return "".join(f"\\{character}" if character in r"\`*_{}[]()#+-.!|<>~$:&" else character for character in unlinked)
