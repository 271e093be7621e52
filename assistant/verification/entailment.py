"""A second opinion: does the cited text entail the sentence? A cross-encoder for natural language inference reads both.

Laurer et al. 2024, https://doi.org/10.1017/pan.2023.20, and the like. What such a model is worth on one's own documents
is not measured here: none is carried by a package, so none was at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.cross_encoders import load_cross_encoder
from ingest.errors import EmbedderFailed

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

ENTAILS = 0.5  # probability of entailment below which a supported sentence becomes a doubtful one


class Entailment:
    """`model` is the name or folder of a sentence-transformers cross-encoder with a label "entailment".

    Raises `EmbedderFailed` when it cannot be had, or has no such label.
    """

    def __init__(self, model: str) -> None:
        self._encoder, self._column = _load(model)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Of each (premise, hypothesis): how probable it is that the first entails the second, in [0, 1]."""
        if not pairs:
            return []
        rows = self._encoder.predict(list(pairs), apply_softmax=True, show_progress_bar=False)
        return [float(row[self._column]) for row in rows]


def _load(model: str) -> tuple[CrossEncoder, int]:
    encoder = load_cross_encoder(model, "entailment model")
    named = (encoder.config and encoder.config.id2label) or {}
    labels = {str(label).lower(): int(number) for number, label in named.items()}
    if "entailment" not in labels:
        raise EmbedderFailed(
            f"{model!r} tells {', '.join(sorted(labels))}, and no “entailment”.",
            "Give a model that was trained for natural language inference.",
        )
    return encoder, labels["entailment"]
