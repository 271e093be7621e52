"""A second look at the first finds: a cross-encoder reads question and passage together and orders them anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.cross_encoders import load_cross_encoder
from ingest.documents import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPTH = 50  # hits that are read again; a MiniLM cross-encoder reads some 20 a second and core


class CrossEncoderReranker:
    """A `Reranker`. `depth`: how many hits it wants to read.

    `model` is the name or folder of a sentence-transformers cross-encoder, such as
    "cross-encoder/ms-marco-MiniLM-L6-v2". Scores are the model's own, higher is better. Raises `EmbedderFailed` when
    it is neither on disk nor to be had. Nogueira & Cho 2019, https://arxiv.org/abs/1901.04085.
    """

    def __init__(self, model: str, depth: int = DEPTH) -> None:
        self.depth = depth
        self._encoder = load_cross_encoder(model)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        if not hits:
            return []
        scores = self._encoder.predict([(question, hit.chunk.text) for hit in hits], show_progress_bar=False)
        ranked = sorted(zip(scores, hits, strict=True), key=lambda pair: -float(pair[0]))
        return [replace(hit, score=float(score)) for score, hit in ranked]
