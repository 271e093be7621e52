"""The few rules that Streamlit has no setting for. Text keeps the theme's colour; only grounds are tinted."""

from __future__ import annotations

STYLE = """<style>
.block-container { padding-top: 2.5rem; }
.st-key-conversation, .st-key-source, :has(> .st-key-conversation), :has(> .st-key-source) {
  height: calc(100vh - 11rem) !important; max-height: none !important; }
@media (max-width: 640px) { /* below one another: the conversation last, where the page opens */
  .st-key-conversation, .st-key-source, :has(> .st-key-conversation), :has(> .st-key-source) {
    height: auto !important; }
  [data-testid="stColumn"]:has(.st-key-source) { order: -1; } }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: inherit !important; opacity: 1; }
[data-testid="stCaptionContainer"] { opacity: .8; }
::placeholder, [data-baseweb="select"] div { opacity: 1; }
[class*="st-key-sentence-"] { flex-wrap: nowrap; }
[class*="st-key-citations-of-"] { max-width: 9rem; flex-shrink: 0; justify-content: flex-end; }
[class*="st-key-citation-"] button { min-height: 1.75rem; padding: 0 .5rem; }
[class*="st-key-source"] [data-testid="stImage"] img { outline: 1px solid rgba(128, 140, 150, .45); }
.k-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; margin: 0; }
.k-quote { border-left: 3px solid rgba(11, 92, 107, .55); padding: .5rem .75rem; font-size: .95rem; }
.k-quote mark { background: rgba(255, 196, 0, .38); color: inherit; padding: 0 .1em; }
.k-stages { display: flex; flex-wrap: wrap; gap: .4rem; font-size: .85rem; }
.k-stages span { background: rgba(128, 140, 150, .18); border-radius: .5rem; padding: .05rem .5rem; }
.k-stages .k-running { outline: 1px dashed rgba(128, 140, 150, .8); }
.k-found { padding-left: 1.4rem; }
.k-found li { margin-bottom: .6rem; }
.k-wide { overflow-x: auto; }
.k-needles { border-collapse: collapse; font-size: .9rem; }
.k-needles caption { text-align: left; padding-bottom: .3rem; }
.k-needles th { font-weight: 600; text-align: left; white-space: nowrap; }
.k-needles th, .k-needles td { border: 1px solid rgba(128, 140, 150, .35); padding: .2rem .6rem; }
.k-bar { display: flex; height: 1.1rem; border-radius: .4rem; overflow: hidden; }
.k-bar i { display: block; min-width: 2px; }
.k-legend { display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .85rem; margin-top: .35rem; }
.k-legend i { display: inline-block; width: .75rem; height: .75rem; border-radius: .2rem; margin-right: .3rem; }
button[kind^="primary"], button[kind^="primary"] *, [data-testid="stMultiSelect"] [data-tag],
[data-testid="stMultiSelect"] [data-tag] * {
  color: light-dark(#ffffff, #12181e) !important; } /* Streamlit writes in white on either theme's primary colour */
</style>"""
