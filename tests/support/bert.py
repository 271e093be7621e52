"""A BERT sentence encoder in plain numpy, float64, one text at a time: the oracle for the one that runs on OpenVINO."""

from __future__ import annotations

import math

import numpy as np

erf = np.vectorize(math.erf)


def embed(weights, ids, layers=6, heads=12):
    """The mean of the last hidden states of one token sequence, of unit length: (dimension,)."""

    def linear(value, name):
        return value @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"]

    def norm(value, name):
        centred = value - value.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def by_head(value):
        return value.reshape(len(ids), heads, -1).transpose(1, 0, 2)

    words = weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = norm(words + places + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            by_head(linear(hidden, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        attention = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]))
        attended = (attention / attention.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), -1)
        hidden = norm(linear(attended, f"{name}.attention.output.dense") + hidden, f"{name}.attention.output.LayerNorm")
        inner = linear(hidden, f"{name}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        hidden = norm(linear(inner, f"{name}.output.dense") + hidden, f"{name}.output.LayerNorm")
    mean = hidden.mean(0)
    return mean / np.linalg.norm(mean)
