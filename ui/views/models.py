"""The Models page: which models are known, which servers are used, and whether they work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from assistant.diagnosis import diagnose_model
from assistant.endpoints import Endpoint, forget_endpoint, keep_endpoint
from assistant.profiles import builtin_profiles
from eval.longcontext.figures import kept_curves
from ingest.errors import UsageError
from ui.state import EXTRACTIVE, Session, model_at, opened_model, session
from ui.widgets.failures import guarded
from ui.widgets.inert import escaped, label
from ui.widgets.needles import measuring, show_curve
from ui.widgets.sidebar import sidebar

FIND_OUT = "Ask the server"


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        st.title("Models")
        with guarded():
            _endpoints(here)
        with guarded():
            _curves(here)
        _profiles()


def _endpoints(here: Session) -> None:
    st.subheader("Model servers")
    with st.form("endpoint", border=True):
        spec = st.text_input("Server", placeholder="tgi:http://localhost:8080")
        st.caption("tgi:URL, openai:URL#MODEL (vLLM, SGLang, llama.cpp, Ollama, LM Studio), or gguf:PATH.")
        of_profile, of_tokenizer, of_key = st.columns(3)
        profile = of_profile.selectbox(
            "Profile",
            [FIND_OUT, *builtin_profiles()],
            accept_new_options=True,
            help="The model's window and template. For a model that is not listed: the path of a profile file (.toml).",
        )
        tokenizer = of_tokenizer.text_input(
            "Tokenizer file",
            placeholder="/models/tokenizer.json",
            help="The model's tokenizer.json, for exact token counts where the server cannot count.",
        ).strip()
        key = of_key.text_input("Key, where it asks for one", type="password", help="Kept in this session only.")
        if st.form_submit_button("Add", type="primary") and spec.strip():
            _add(here, Endpoint(spec.strip(), "" if profile == FIND_OUT else profile, key, tokenizer))
    for spec in list(here.endpoints):
        with st.container(border=True), guarded():
            _endpoint(here, spec)


def _add(here: Session, endpoint: Endpoint) -> None:
    """Raises what `opened_model` does, so that nothing is kept that means nothing."""
    if endpoint.tokenizer and not Path(endpoint.tokenizer).expanduser().is_file():
        raise UsageError(
            f"There is no file {endpoint.tokenizer}.", "Give the path of the model's tokenizer.json, or none."
        )
    opened_model(endpoint)
    here.endpoints[endpoint.spec] = endpoint
    here.llm = endpoint.spec
    keep_endpoint(here.collection, endpoint)
    st.rerun()


def _endpoint(here: Session, spec: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<b class="k-text">{escaped(spec)}</b>')
        test = st.button("Test", key=f"test-{spec}")
        if st.button("Remove", key=f"remove-{spec}"):
            del here.endpoints[spec]
            here.llm = EXTRACTIVE if here.llm == spec else here.llm
            forget_endpoint(here.collection, spec)
            st.rerun()
    measuring(here, spec)
    if not test:
        return
    for check in diagnose_model(model_at(here, spec)):
        sign = ":green[✓]" if check.ok else ":red[✗]"
        st.markdown(f"{sign} **{check.name}** · {check.seconds:.2f} s")
        st.html(f'<p class="k-text">{escaped(check.detail)} {escaped(check.remedy)}</p>')


def _curves(here: Session) -> None:
    curves = kept_curves(here.collection)
    if curves:
        st.subheader("Measured lengths")
        st.caption("Which share of hidden numbers a model found, by the length of its prompt and how deep they stood.")
    for curve in curves:
        show_curve(curve)


def _profiles() -> None:
    st.subheader("Known models")
    for profile in builtin_profiles().values():
        with st.expander(f"**{label(profile.name)}** · {label(profile.summary, 120)}"):
            usable = f" Finds things well in up to {profile.usable:,}." if profile.usable else ""
            st.write(f"Window {profile.window:,} tokens, prompts of up to {profile.max_input:,}.{usable}")
            if profile.template:
                st.caption("Template")
                st.code(profile.template, language=None)
            if profile.serving.command:
                st.caption(label(f"Served by {profile.serving.server}", 300))
                st.code(profile.serving.command.strip(), language="bash")
