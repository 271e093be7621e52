"""Which pieces of which documents go into a prompt, when there is room for so many tokens and no more.

Small units are found, larger ones are read: the hits come first, then their neighbours, then the sections around them,
then whole documents, as long as the budget lasts (LongRAG, arXiv:2406.15319; evidence in document order beats order by
score when there is much of it: OP-RAG, arXiv:2409.01666).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ingest.documents import Chunk, Document, Hit

Reach = Literal["chunks", "neighbours", "sections", "documents"]
REACHES: tuple[Reach, ...] = ("chunks", "neighbours", "sections", "documents")

DOCUMENT_SHARE = 0.6  # of the budget, for any one document while others have something to say
SHINGLE_WORDS = 8
DUPLICATE_SHARE = 0.8  # of a piece's shingles inside one chosen piece: then it says nothing new


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk stretched to the beginning of the next one, so that the pieces of a document leave no gap.

    `tokens` are those of the served model for `document.text[start:end]`.
    """

    ordinal: int
    start: int
    end: int
    tokens: int
    heading: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A document cut into pieces, and what the label above each of its passages costs."""

    document: Document
    pieces: tuple[Piece, ...]
    label_tokens: int

    @property
    def tokens(self) -> int:
        """Of the whole document as one passage."""
        return sum(piece.tokens for piece in self.pieces) + self.label_tokens


@dataclass(slots=True)
class Selection:
    """Pieces chosen so far, by document, and the tokens they take together with the labels of their passages.

    `repeated` are the chunks that were passed over because another one says the same.
    """

    volumes: Mapping[str, Volume]
    budget: int
    chosen: dict[str, set[int]] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    repeated: frozenset[int] = frozenset()

    @property
    def tokens(self) -> int:
        return sum(self.spent.values())

    def offer(self, document_id: str, ordinals: Iterable[int], share: float = 1.0) -> bool:
        """Take all of these pieces if they fit, else none. `share` of the budget bounds this document."""
        have = self.chosen.setdefault(document_id, set())
        new = set(ordinals) - have
        cost = _cost(self.volumes[document_id], have, new)
        spent = self.spent.get(document_id, 0) + cost
        if self.tokens + cost > self.budget or spent > share * self.budget:
            return False
        have |= new
        self.spent[document_id] = spent
        return True

    def runs(self) -> dict[str, list[tuple[int, int]]]:
        """For each document its chosen pieces as stretches (first, last) of adjacent ones, in document order."""
        return {identity: _runs(ordinals) for identity, ordinals in self.chosen.items() if ordinals}


def pieces_of(document: Document, chunks: Sequence[Chunk], count: Callable[[str], int]) -> tuple[Piece, ...]:
    """The pieces of a document, counted one by one."""
    ends = [chunk.start for chunk in chunks[1:]] + [chunks[-1].end] if chunks else []
    return tuple(
        Piece(chunk.ordinal, chunk.start, end, count(document.text[chunk.start : end]), chunk.heading)
        for chunk, end in zip(chunks, ends, strict=True)
    )


def select(hits: Sequence[Hit], volumes: Mapping[str, Volume], budget: int, reach: Reach = "documents") -> Selection:
    """Fill `budget` tokens with the hits, best first, and then with what stands around them, up to `reach`."""
    unheard = _Unheard()
    fresh = [hit for hit in hits if unheard.admits(hit.chunk)]
    repeated = frozenset(hit.chunk.id for hit in hits) - {hit.chunk.id for hit in fresh}
    selection = Selection(volumes, budget, repeated=repeated)
    several = len({hit.chunk.document_id for hit in fresh}) > 1
    for stage in REACHES[: REACHES.index(reach) + 1]:
        for hit in fresh:
            volume = volumes[hit.chunk.document_id]
            for ordinals in _around(volume, hit.chunk.ordinal, stage):
                selection.offer(hit.chunk.document_id, ordinals, DOCUMENT_SHARE if several else 1.0)
    if reach == "documents":
        for identity in dict.fromkeys(hit.chunk.document_id for hit in fresh):
            for ordinals in _whole(volumes[identity]):
                selection.offer(identity, ordinals)
    return selection


def _around(volume: Volume, ordinal: int, stage: Reach) -> Iterator[Sequence[int]]:
    """What to offer for a hit at one stage, in steps, so that a part fits where the whole does not."""
    pieces = volume.pieces
    if stage == "chunks":
        yield [ordinal]
    elif stage == "neighbours":
        yield from ([near] for near in (ordinal + 1, ordinal - 1) if 0 <= near < len(pieces))
    elif stage == "sections":
        heading = pieces[ordinal].heading
        for step in (1, -1):
            near = ordinal + step
            while heading and 0 <= near < len(pieces) and pieces[near].heading == heading:
                yield [near]
                near += step
    else:
        yield from _whole(volume)


def _whole(volume: Volume) -> Iterator[Sequence[int]]:
    yield range(len(volume.pieces))
    yield from ([piece.ordinal] for piece in volume.pieces)


def _cost(volume: Volume, have: set[int], new: set[int]) -> int:
    """Tokens that the new pieces add: each stretch of adjacent pieces is one passage and carries one label."""
    begun = sum(ordinal - 1 not in have and ordinal - 1 not in new for ordinal in new)
    joined = sum(ordinal + 1 in have for ordinal in new)
    return sum(volume.pieces[ordinal].tokens for ordinal in new) + (begun - joined) * volume.label_tokens


def _runs(ordinals: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for ordinal in sorted(ordinals):
        if runs and runs[-1][1] == ordinal - 1:
            runs[-1] = (runs[-1][0], ordinal)
        else:
            runs.append((ordinal, ordinal))
    return runs


class _Unheard:
    """Tells whether a chunk says something that no earlier one said, by shared word sequences (Broder 1997)."""

    def __init__(self) -> None:
        self._holders: dict[int, list[int]] = {}
        self._number = 0

    def admits(self, chunk: Chunk) -> bool:
        words = chunk.text.casefold().split()
        shingles = {hash(tuple(words[at : at + SHINGLE_WORDS])) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        shared: dict[int, int] = {}
        for shingle in shingles:
            for holder in self._holders.get(shingle, ()):
                shared[holder] = shared.get(holder, 0) + 1
        if max(shared.values(), default=0) > DUPLICATE_SHARE * len(shingles):
            return False
        self._number += 1
        for shingle in shingles:
            self._holders.setdefault(shingle, []).append(self._number)
        return True
