"""Finding chunks: by meaning and by words, the two scores brought to one scale and added.

Dense search finds paraphrases; keyword search finds names, numbers and any language. Adding normalised scores beat
reciprocal rank fusion on every collection tried (Bruch et al. 2023, https://doi.org/10.1145/3596512, found the same).
Two refinements cost no model pass: a document that the question names gets a bonus, and the question's vector moves
towards the best finds before the candidates are scored again (Rocchio 1971). Every figure is in `docs/experiments.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.documents import Filter, Hit
from ingest.errors import NothingIndexed, UsageError
from ingest.questions import name_of, named, parts

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix
    from ingest.knowledge_base import KnowledgeBase
    from ingest.protocols import Store

SEARCHES = 3  # at most, where documents are replaced while they are searched


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`candidates` are taken from each of the two searches; `dense` is the weight of meaning, words have the rest;
    `name` is the bonus for a document that the question names; `feedback` is how far the question's vector moves
    towards the mean of the best `feedback_chunks`, 0 for not at all."""

    candidates: int = 100
    dense: float = 0.5
    name: float = 0.2
    feedback: float = 0.5
    feedback_chunks: int = 5


DEFAULT = SearchSettings()


def search(
    knowledge: KnowledgeBase, query: str, k: int, only: Filter | None = None, settings: SearchSettings = DEFAULT
) -> list[Hit]:
    """The k best chunks for a question, best first. A question that asks several things is also searched by its parts.

    Raises `UsageError` for k < 1 or an empty question, `NothingIndexed` when there is nothing to search.
    """
    _check(knowledge, query, k)
    found: list[Hit] = []
    for _ in range(SEARCHES):
        best: dict[int, float] = {}
        for text in (query, *parts(query)):
            for chunk, score in _scores(knowledge, text, k, only, settings).items():
                best[chunk] = max(score, best.get(chunk, score))
        ranked = _ranked(best)[: max(k, settings.candidates)]
        found = knowledge.store.hits(ranked)
        if len(found) == len(ranked):
            break  # else some were replaced meanwhile by versions that were not looked at
    names = named(query, [name_of(hit.source, hit.title) for hit in found])
    scored = [(hit, hit.score + settings.name * share) for hit, share in zip(found, names, strict=True)]
    scored.sort(key=lambda pair: (-pair[1], pair[0].chunk.id))
    return [replace(hit, score=score) for hit, score in scored[:k]]


def fuse(
    dense: Mapping[int, float], words: Mapping[int, float], floor: float, settings: SearchSettings
) -> dict[int, float]:
    """One score in [0, 1] from cosines, of which `floor` counts as 0 and the highest as 1, and from BM25, of which 0
    does and the highest."""
    span = max(dense.values(), default=0.0) - floor
    top = max(words.values(), default=0.0)
    scores = {}
    for chunk in dense.keys() | words.keys():
        meaning = max(0.0, dense.get(chunk, floor) - floor) / span if span > 0 else float(chunk in dense)
        wording = words.get(chunk, 0.0) / top if top > 0 else 0.0
        scores[chunk] = settings.dense * meaning + (1 - settings.dense) * wording
    return scores


def _scores(
    knowledge: KnowledgeBase, text: str, k: int, only: Filter | None, settings: SearchSettings
) -> dict[int, float]:
    store = knowledge.store
    depth = max(settings.candidates, k)
    question = knowledge.embedder.embed_query(text)
    words = dict(store.keywords.search(text, depth, only))
    dense = dict(store.search_vectors(question, depth, only))
    scores = fuse(dense, words, _floor(dense, depth), settings)
    if not settings.feedback or not scores:
        return scores
    dense = _fed_back(store, question, scores, settings)
    return fuse(dense, words, _floor(dense, depth), settings)


def _floor(dense: Mapping[int, float], depth: int) -> float:
    """The cosine that counts as nothing: the last of a full list of candidates. Where there are fewer chunks than
    that, the last of them says nothing about the rest, and 0 is the floor."""
    nearest = sorted(dense.values(), reverse=True)
    return nearest[depth - 1] if len(nearest) >= depth else 0.0


def _fed_back(
    store: Store, question: FloatMatrix, scores: Mapping[int, float], settings: SearchSettings
) -> dict[int, float]:
    """Cosines of every candidate to the question moved towards the best of them."""
    import numpy as np

    vectors = store.vectors(list(scores))
    best = [vectors[chunk] for chunk, _ in _ranked(scores)[: settings.feedback_chunks] if chunk in vectors]
    if not best:
        return {}
    moved = question[0] + settings.feedback * np.mean(best, axis=0)
    moved /= np.linalg.norm(moved)
    return {chunk: float(vector @ moved) for chunk, vector in vectors.items()}


def _ranked(scores: Mapping[int, float]) -> Sequence[tuple[int, float]]:
    return sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))


def _check(knowledge: KnowledgeBase, query: str, k: int) -> None:
    if k < 1:
        raise UsageError(f"k is {k}: nothing to search for.", "Ask for at least one result.")
    if not query.strip():
        raise UsageError("The question is empty.", "Write what you want to know.")
    if knowledge.store.model() is None:
        remedy = f"Run: ingest add PATH --kb {knowledge.location}"
        raise NothingIndexed(f"{knowledge.location} holds no documents.", remedy)
