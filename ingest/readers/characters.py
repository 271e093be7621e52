"""The characters that every `Document.text` and title keeps to."""

from __future__ import annotations

import re

from ingest.errors import FileFailed

_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")  # all that str.splitlines() ends a line at
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` with `\\n` for every kind of line end, without control characters, lone surrogates as U+FFFD."""
    text = _CONTROL.sub("", _NEWLINE.sub("\n", text))
    return _SURROGATE.sub("\ufffd", text)


def single_line(text: str) -> str:
    """`text` with every run of white space as one space: how titles are kept."""
    return " ".join(text.split())


def require_text(text: str) -> str:
    """`text` itself. Raises `FileFailed("empty")` when it holds nothing but white space."""
    if not text or text.isspace():
        raise FileFailed("empty", "the file holds no text")
    return text
