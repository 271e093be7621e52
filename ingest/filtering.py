"""Filters as people write them: source patterns, and KEY=VALUE for metadata."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.documents import Filter
from ingest.errors import UsageError


def parse_filter(sources: Sequence[str], metadata: Sequence[str]) -> Filter | None:
    """None when nothing is asked for. Raises `UsageError` for a pair without "="."""
    wrong = [pair for pair in metadata if "=" not in pair]
    if wrong:
        raise UsageError(f"--where {wrong[0]!r} has no '='.", "Write it as --where author=Lovelace")
    pairs = (pair.partition("=") for pair in metadata)
    return Filter(tuple(sources), tuple((key, value) for key, _, value in pairs)) or None
