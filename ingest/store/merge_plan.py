"""Which segments to write, and of which kind.

The plan is that of a log-structured merge (O'Neil et al. 1996, https://doi.org/10.1007/s002360050048): a segment
joins its younger neighbours once these are half its size together. There are few segments then, and each vector is
rewritten a logarithmic number of times.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.store.segments import Segment

if TYPE_CHECKING:
    from ingest.indexes.faiss import Kind

SEGMENT_ROWS = 1_000_000  # sealed at this size: 384 MB as sq8
APPROXIMATE_FROM = 20_000  # vectors: below, brute force takes 0.9 ms and needs no import of FAISS (0.1 s)
LISTS_FROM = 500_000  # vectors: here sq8 alone reaches 20 ms
DEAD_SHARE = 0.25  # of a segment's vectors: more make it worth writing again


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks low <= id <= high to be written into one new segment, and the segments that it replaces."""

    low: int
    high: int
    replaces: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Fresh:
    """Chunks that no segment holds: so many, of low <= id <= high."""

    low: int
    high: int
    count: int


def plan(segments: Sequence[Segment], fresh: Fresh, unusable: Collection[Segment] = ()) -> list[Run]:
    """What to write so that every chunk is in a sound segment, by ascending ids. `segments` ascend too."""
    young = _joining(segments, fresh.count)
    old = segments[: len(segments) - len(young)]
    runs = [Run(s.low, s.high, (s,)) for s in old if s in unusable or s.dead > DEAD_SHARE * s.vectors]
    if fresh.count:
        runs.append(Run(min([fresh.low, *(s.low for s in young)]), fresh.high, tuple(young)))
    return runs


def kind_for(count: int) -> Kind:
    """The index for so many vectors; see `ingest.indexes.faiss`."""
    if count < APPROXIMATE_FROM:
        return "fp16"
    return "sq8" if count < LISTS_FROM else "ivf"


def _joining(segments: Sequence[Segment], gathered: int) -> list[Segment]:
    """The youngest segments that are to be merged with so many fresh chunks."""
    joining: list[Segment] = []
    for segment in reversed(segments):
        if not gathered or segment.live > 2 * gathered or gathered + segment.live > SEGMENT_ROWS:
            break
        joining.insert(0, segment)
        gathered += segment.live
    return joining
