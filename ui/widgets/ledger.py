"""Where the tokens of the window went, as one bar."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import streamlit as st

from assistant.answers import Ledger
from ui.widgets.inert import label

# (name, attribute, colour of its ground): text stands beside the colours, never on them
_TERMS = (
    ("instructions", "system", "#7b6fd0"),
    ("template", "template", "#a8a2e0"),
    ("passages", "passages", "#1d8fa3"),
    ("history", "history", "#c98a2b"),
    ("question", "question", "#c2577e"),
    ("kept for the answer", "reserve", "#8fa3b0"),
)
_FREE = ("free", "rgba(128, 140, 150, .25)")


def ledger_bar(ledger: Ledger) -> None:
    terms = [(name, getattr(ledger, attribute), color) for name, attribute, color in _TERMS]
    terms.append((_FREE[0], ledger.window - ledger.reserve - ledger.total, _FREE[1]))
    present = [(name, tokens, color) for name, tokens, color in terms if tokens > 0]
    bar = "".join(f'<i style="background:{color};flex:{tokens} 0 0"></i>' for _, tokens, color in present)
    legend = "".join(
        f'<span><i style="background:{color}"></i>{name} {tokens:,}</span>' for name, tokens, color in present
    )
    counted = "exact" if ledger.exact else "estimate, never too low"
    st.html(
        f'<div class="k-bar" role="img" aria-label="{ledger.total:,} of {ledger.window:,} tokens used">{bar}</div>'
        f'<div class="k-legend"><span>{ledger.total:,} of {ledger.window:,} tokens, <b>{counted}</b></span>'
        f"{legend}</div>"
    )
    if ledger.left_out or ledger.history_dropped:
        _left_out(ledger)


def _left_out(ledger: Ledger) -> None:
    with st.expander(f"Left out: {len(ledger.left_out)} passages, {ledger.history_dropped} earlier questions"):
        counts = Counter((PurePath(left.source).name, left.page, left.reason) for left in ledger.left_out)
        for (name, page, reason), number in counts.most_common(30):
            times = f" ({number} passages)" if number > 1 else ""
            st.markdown(f"- {label(name)}, page {page}: {reason}{times}")
