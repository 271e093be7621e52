"""Summaries without a model: the sentences nearest to what the whole document says.

Centrality among chunks is LexRank's (Erkan & Radev 2004, https://doi.org/10.1613/jair.1523) over their stored vectors;
the sentences of the central chunks are then weighed by the chunks they resemble, and chosen one after the other, each
for what it adds (Carbonell & Goldstein 1998, https://doi.org/10.1145/290941.291025).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.answers import Answer, Sentence
from assistant.citing import cite
from ingest.sentences import sentence_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ingest.documents import Chunk, Document, FloatMatrix
    from ingest.knowledge_base import KnowledgeBase

MOST_CHUNKS = 2000  # compared with each other; of a longer document every n-th
CHUNKS_A_SENTENCE = 2  # central chunks whose sentences are looked at, for each sentence wanted
SIMILAR = 0.3  # cosine above which two chunks speak of the same
DAMPING = 0.85  # of PageRank
NEW = 1.0  # weight of being unlike what was chosen, against that of being central
WORDS = (6, 60)  # of a sentence that can stand alone
ROUNDS = 50


def central_sentences(knowledge: KnowledgeBase, document: Document, source: str, sentences: int) -> Answer:
    """A summary in the document's own sentences, in their order, each with its place."""
    import numpy as np

    chunks = knowledge.store.chunks(document.id)
    chunks = chunks[:: max(1, -(-len(chunks) // MOST_CHUNKS))]
    stored = knowledge.store.vectors([chunk.id for chunk in chunks])
    present = [chunk for chunk in chunks if chunk.id in stored]
    vectors = np.array([stored[chunk.id] for chunk in present], dtype=np.float32)
    weights = centrality(vectors)
    best = np.argsort(-weights, kind="stable")[: sentences * CHUNKS_A_SENTENCE]
    spans = sorted({span for at in best for span in _sentences(present[at])})
    chosen = []
    if spans:
        texts = [" ".join(document.text[start:end].split()) for start, end in spans]
        rows = knowledge.embedder.embed_documents(texts)
        scores = (rows @ vectors.T @ weights).astype(np.float32)
        chosen = [spans[at] for at in sorted(varied(rows, scores, sentences))]
    cited = [
        Sentence(" ".join(document.text[start:end].split()), (cite(document, source, 1, start, end),), "supported")
        for start, end in chosen
    ]
    return Answer(
        question=f"Summary of {source}",
        text=" ".join(sentence.text for sentence in cited),
        sentences=tuple(cited),
        abstained=not cited,
        confidence=1.0 if cited else 0.0,
        passages=(),
        model="extractive",
    )


def centrality(vectors: FloatMatrix) -> NDArray[np.float32]:
    """LexRank of each row, adding up to 1: a row is central when central rows resemble it.

    `vectors` is (rows, dimension), every row of unit length.
    """
    import numpy as np

    similar = vectors @ vectors.T
    similar[similar < SIMILAR] = 0
    np.fill_diagonal(similar, 1)  # a row that resembles no other keeps its own weight
    flow = similar / similar.sum(axis=1, keepdims=True)
    rank = np.full(len(vectors), 1 / max(1, len(vectors)), dtype=np.float32)
    for _ in range(ROUNDS):
        rank = (1 - DAMPING) / len(vectors) + DAMPING * (rank @ flow)
    return rank


def varied(rows: FloatMatrix, scores: NDArray[np.float32], count: int) -> list[int]:
    """Indices of the `count` rows with the highest scores, each lowered by its likeness to those already chosen."""
    import numpy as np

    spread = np.ptp(scores)
    relevance = (scores - scores.min()) / (spread if spread > 0 else 1)
    nearest = np.zeros(len(rows), dtype=np.float32)
    chosen: list[int] = []
    while len(chosen) < min(count, len(rows)):
        gain = relevance - NEW * nearest
        gain[chosen] = -np.inf
        chosen.append(int(np.argmax(gain)))
        nearest = np.maximum(nearest, rows @ rows[chosen[-1]])
    return chosen


def _sentences(chunk: Chunk) -> Sequence[tuple[int, int]]:
    """Sentences of prose: neither headings nor table rows can stand alone."""
    found = []
    for start, end in sentence_spans(chunk.text):
        text = chunk.text[start:end]
        if text[-1] in ".!?。！？" and WORDS[0] <= len(text.split()) <= WORDS[1]:
            found.append((chunk.start + start, chunk.start + end))
    return found
