"""Finding chunks: by meaning and by words, fused by reciprocal rank.

Dense search finds paraphrases, keyword search finds names, numbers and any language; ranks are fused because the two
scores have no common scale (Cormack, Clarke & Büttcher 2009, https://doi.org/10.1145/1571941.1572114). What was tried
and measured is in `docs/experiments.md`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ingest.documents import Filter, Hit
from ingest.errors import NothingIndexed, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.knowledge_base import KnowledgeBase

CANDIDATES = 100  # taken from each of the two searches before fusion
RANK_CONSTANT = 60  # the k of reciprocal rank fusion, as published

Scored = tuple[int, float]  # chunk id, score: higher is better


def search(knowledge: KnowledgeBase, query: str, k: int, only: Filter | None = None) -> list[Hit]:
    """The k best chunks for a question. Raises `UsageError` for k < 1 or an empty question."""
    if k < 1:
        raise UsageError(f"k is {k}: nothing to search for.", "Ask for at least one result.")
    if not query.strip():
        raise UsageError("The question is empty.", "Write what you want to know.")
    store = knowledge.store
    if store.model() is None:
        raise NothingIndexed(
            f"{knowledge.location} holds no documents.", f"Run: ingest add PATH --kb {knowledge.location}"
        )
    depth = max(CANDIDATES, k)
    by_words = store.keywords.search(query, depth, only)
    by_meaning = store.search_vectors(knowledge.embedder.embed_query(query), depth, only)
    return store.hits(fuse([by_meaning, by_words])[:k])


def fuse(rankings: Iterable[Sequence[Scored]], constant: int = RANK_CONSTANT) -> list[Scored]:
    """Reciprocal rank fusion: each ranking gives 1 / (constant + rank) to its members; ties by ascending id."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (identity, _) in enumerate(ranking, start=1):
            scores[identity] += 1 / (constant + rank)
    return sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))
