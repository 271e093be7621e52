"""Words for numbers of things."""

from __future__ import annotations


def number_of(count: int, noun: str) -> str:
    """ "1 document", "2,400 documents"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
