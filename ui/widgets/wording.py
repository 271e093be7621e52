"""Words for numbers of things, and for what became of a file."""

from __future__ import annotations

from ingest.documents import Outcome

_OUTCOMES: dict[Outcome, str] = {
    "empty": "holds no text",
    "needs_ocr": "pictures only",
    "encrypted": "locked",
    "unsupported": "not a kind that can be read",
    "too_large": "too large",
    "timeout": "took too long",
    "memory": "needed too much memory",
    "crashed": "its reader crashed",
    "parse_error": "damaged",
    "vanished": "went away while it was read",
    "denied": "no permission",
}


def number_of(count: int, noun: str) -> str:
    """ "1 document", "2,400 documents"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def told_outcome(outcome: Outcome, reason: str) -> str:
    """ "locked: it needs a password"; "" for what was read well."""
    return f"{_OUTCOMES[outcome]}: {reason}" if outcome in _OUTCOMES else reason
