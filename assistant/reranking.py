"""A second look at the first finds: a cross-encoder reads question and passage together and orders them anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.documents import Filter, Hit
from ingest.errors import EmbedderFailed

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from assistant.retrieval import Retriever

DEPTH = 50  # hits that are read again; a MiniLM cross-encoder reads some 20 a second and core


class CrossEncoderReranker:
    """A `Retriever` that wraps another one.

    `model` is the name or folder of a sentence-transformers cross-encoder, such as
    "cross-encoder/ms-marco-MiniLM-L6-v2". Scores are the model's own, higher is better. Raises `EmbedderFailed` when
    it is neither on disk nor to be had. Nogueira & Cho 2019, https://arxiv.org/abs/1901.04085.
    """

    def __init__(self, retriever: Retriever, model: str, depth: int = DEPTH) -> None:
        self._retriever = retriever
        self._depth = depth
        self._encoder = _load(model)

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        hits = self._retriever.retrieve(question, max(k, self._depth), only)
        if not hits:
            return []
        scores = self._encoder.predict([(question, hit.chunk.text) for hit in hits], show_progress_bar=False)
        ranked = sorted(zip(scores, hits, strict=True), key=lambda pair: -float(pair[0]))
        return [replace(hit, score=float(score)) for score, hit in ranked[:k]]


def _load(model: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder  # 4-5 s: only who reranks pays

    try:
        encoder: CrossEncoder = CrossEncoder(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise EmbedderFailed(
            f"The cross-encoder {model!r} cannot be loaded: {error}.",
            "Give the folder of a downloaded model, or a name when the hub can be reached.",
        ) from error
    return encoder
