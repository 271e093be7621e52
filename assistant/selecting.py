"""Which pieces of which documents go into a prompt, when there is room for so many tokens and no more.

Small units are found, larger ones are read: the hits come first, then their neighbours, then the sections around them,
then the rest of their documents, as long as the budget lasts; or whole documents, best first (LongRAG,
arXiv:2406.15319).

Reading around the first 5, 8 or 20 hits before taking further ones finds the same: 93.2-93.8 % of the gold sentences of
236 questions within 2,100 tokens, 96.2-97.3 % within 4,100 (chunking_eval). So the plainest order stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from assistant.answers import Mode
from assistant.repetition import Unheard
from assistant.volumes import Volume
from ingest.documents import Hit

Stage = Literal["chunks", "neighbours", "sections", "documents"]
STAGES: tuple[Stage, ...] = ("chunks", "neighbours", "sections", "documents")

DOCUMENT_SHARE = 0.6  # of the budget, for any one document while others have something to say
FULL = 16  # tokens; with less room than that, nothing worth reading fits any more


@dataclass(slots=True)
class Selection:
    """Pieces chosen so far, by document, and the tokens they take together with the labels of their passages.

    `repeated` are the chunks that were passed over because another one says the same.
    """

    volumes: Mapping[str, Volume]
    budget: int
    chosen: dict[str, set[int]] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    repeated: frozenset[int] = frozenset()

    @property
    def full(self) -> bool:
        return self.budget - self.tokens < FULL

    def offer(self, document_id: str, ordinals: Iterable[int], share: float = 1.0) -> bool:
        """Take all of these pieces if they fit, else none. `share` of the budget bounds this document."""
        have = self.chosen.setdefault(document_id, set())
        new = set(ordinals) - have
        if not new:
            return True
        spent = self.spent.get(document_id, 0)
        cost = _cost(self.volumes[document_id], have, new, self.budget - self.tokens)
        if self.tokens + cost > self.budget or spent + cost > share * self.budget:
            return False
        have |= new
        self.spent[document_id] = spent + cost
        self.tokens += cost
        return True

    def runs(self) -> dict[str, list[tuple[int, int]]]:
        """For each document its chosen pieces as stretches (first, last) of adjacent ones, in document order."""
        return {identity: _runs(ordinals) for identity, ordinals in self.chosen.items() if ordinals}


def select(hits: Sequence[Hit], volumes: Mapping[str, Volume], budget: int, mode: Mode) -> Selection:
    """Fill `budget` tokens with the hits, best first, and what stands around them, or with whole documents."""
    unheard = Unheard()
    fresh = [hit for hit in hits if unheard.admits(hit.chunk)]
    repeated = frozenset(hit.chunk.id for hit in hits) - {hit.chunk.id for hit in fresh}
    selection = Selection(volumes, budget, repeated=repeated)
    documents = list(dict.fromkeys(hit.chunk.document_id for hit in fresh))
    if mode == "whole":
        for identity in documents:
            selection.offer(identity, range(len(volumes[identity])))
    for share in (DOCUMENT_SHARE, 1.0) if len(documents) > 1 else (1.0,):
        for stage in STAGES:
            _take(selection, fresh, stage, share)
    return selection


def _take(selection: Selection, hits: Sequence[Hit], stage: Stage, share: float) -> None:
    """What one stage adds around each hit, piece by piece, so that a part fits where the whole does not."""
    for hit in hits:
        if selection.full:
            return
        chunk = hit.chunk
        if stage != "chunks" and chunk.ordinal not in selection.chosen.get(chunk.document_id, ()):
            continue  # what stands around a hit says little without the hit
        for direction in _around(selection.volumes[chunk.document_id], chunk.ordinal, stage):
            for ordinal in direction:
                if not selection.offer(chunk.document_id, [ordinal], share):
                    break  # what lies behind would be torn off


def _around(volume: Volume, ordinal: int, stage: Stage) -> Iterator[Iterable[int]]:
    """Ordinals to offer for a hit at one stage, nearest first, in each direction; what follows before what precedes."""
    if stage == "chunks":
        yield [ordinal]
        return
    after, before = range(ordinal + 1, len(volume)), range(ordinal - 1, -1, -1)
    for direction in (after, before):
        if stage == "neighbours":
            yield direction[:1]
        elif stage == "documents":
            yield direction
        elif heading := volume.heading(ordinal):
            yield takewhile(lambda near: volume.heading(near) == heading, direction)


def _cost(volume: Volume, have: set[int], new: set[int], room: int) -> int:
    """Tokens that the new pieces add: each stretch of adjacent pieces is one passage and carries one label.

    Counting ends when `room` is passed: of a document of a thousand pages, a hundred pages are counted at most.
    """
    cost = -sum(volume.opening(ordinal + 1) for ordinal in new if ordinal + 1 in have)
    for ordinal in sorted(new):
        cost += volume.tokens(ordinal)
        if ordinal - 1 not in have and ordinal - 1 not in new:
            cost += volume.opening(ordinal)
        if cost > room:
            break
    return cost


def _runs(ordinals: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for ordinal in sorted(ordinals):
        if runs and runs[-1][1] == ordinal - 1:
            runs[-1] = (runs[-1][0], ordinal)
        else:
            runs.append((ordinal, ordinal))
    return runs
