"""The same question as a command and as Python, to be copied."""

from __future__ import annotations

import shlex

import streamlit as st

from ui.state import EXTRACTIVE, Exchange, Session


def copy_buttons(here: Session, exchange: Exchange, number: int) -> None:
    with st.popover("Copy as …", type="tertiary", icon=":material/content_copy:", key=f"copy-{number}"):
        st.caption("Command")
        st.code(as_command(here, exchange), language="bash", wrap_lines=True)
        st.caption("Python")
        st.code(as_python(here, exchange), language="python", wrap_lines=True)


def as_command(here: Session, exchange: Exchange) -> str:
    words = ["assistant", "ask", exchange.question, "--kb", str(here.collection)]
    words += [word for source in here.sources for word in ("--source", source)]
    if here.llm != EXTRACTIVE:
        words += ["--llm", here.llm, "--mode", here.mode]
        profile = here.endpoints[here.llm].profile
        words += ["--profile", profile] if profile else []
    return shlex.join(words)


def as_python(here: Session, exchange: Exchange) -> str:
    llm = f", llm={here.llm!r}" if here.llm != EXTRACTIVE else ""
    only = f", only=Filter(sources={here.sources!r})" if here.sources else ""
    imports = ["from assistant import Assistant"] + (["from ingest.documents import Filter"] if only else [])
    return "\n".join(
        [
            *imports,
            "",
            f"kestrel = Assistant.open({str(here.collection)!r}{llm})",
            f"answer = kestrel.ask({exchange.question!r}{only})",
            "for sentence in answer.sentences:",
            "    print(sentence.text, sentence.citations)",
        ]
    )
