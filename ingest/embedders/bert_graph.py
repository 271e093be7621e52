"""A BERT sentence encoder as an OpenVINO graph, straight from its weights.

The encoder is that of Devlin et al. 2019 (https://doi.org/10.18653/v1/N19-1423), the mean over its last layer that of
Sentence-BERT (Reimers & Gurevych 2019, https://doi.org/10.18653/v1/D19-1410). Building it from the weights needs no
torch and no exporter, and leaves attention as the one operation that OpenVINO has a fast kernel for. Weights are named
as in the `BertModel` of transformers, so `embeddings.*` and `encoder.layer.N.*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix

    Weights = Mapping[str, FloatMatrix]

VERSION = 1  # raise it with every change that alters the graph: converted models are kept under it


@dataclass(frozen=True, slots=True)
class BertShape:
    """What of a BERT cannot be read from its weights."""

    layers: int
    heads: int
    layer_norm_epsilon: float = 1e-12


def build(weights: Weights, shape: BertShape) -> Any:
    """The `openvino.Model` from int32 `ids` and `mask`, both (batch, length), to float32 means, (batch, dimension).

    `mask` is 1 for tokens and 0 for padding, which changes nothing: it is neither attended to nor averaged.
    """
    from openvino import Model
    from openvino import opset13 as op

    ids = op.parameter([-1, -1], np.int32, name="ids")
    mask = op.parameter([-1, -1], np.int32, name="mask")
    present = op.convert(mask, "f32")
    graph = _Graph(op, weights, shape)
    hidden = graph.embeddings(ids)
    bias = graph.attention_bias(present)
    for layer in range(shape.layers):
        hidden = graph.layer(hidden, bias, f"encoder.layer.{layer}.")
    return Model([op.result(graph.mean(hidden, present))], [ids, mask], "bert")


@dataclass(frozen=True, slots=True)
class _Graph:
    """The pieces of the graph; `op` is an OpenVINO opset, a node is one of its operations."""

    op: Any
    weights: Weights
    shape: BertShape

    def embeddings(self, ids: Any) -> Any:
        op = self.op
        length = op.gather(op.shape_of(ids), self._integers(1), self._integers(0))
        positions = op.range(self._integers(0), length, self._integers(1), "i64")
        words = op.gather(self._weight("embeddings.word_embeddings"), ids, self._integers(0))
        places = op.gather(self._weight("embeddings.position_embeddings"), positions, self._integers(0))
        segment = op.constant(self.weights["embeddings.token_type_embeddings.weight"][0])  # one segment only
        return self._norm(op.add(op.add(words, places), segment), "embeddings.LayerNorm")

    def attention_bias(self, present: Any) -> Any:
        """0 for tokens, so low a number for padding that softmax gives it nothing: (batch, 1, 1, length)."""
        op = self.op
        absent = op.subtract(op.constant(np.float32(1)), op.unsqueeze(present, self._integers([1, 2])))
        return op.multiply(absent, op.constant(np.float32(-1e9)))

    def layer(self, hidden: Any, bias: Any, name: str) -> Any:
        op = self.op
        query, key, value = (
            self._split_heads(self._linear(hidden, f"{name}attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        attended = op.transpose(op.scaled_dot_product_attention(query, key, value, bias), self._integers([0, 2, 1, 3]))
        joined = op.reshape(attended, self._integers([0, 0, self._dimension]), special_zero=True)
        hidden = self._norm(
            op.add(self._linear(joined, f"{name}attention.output.dense"), hidden), f"{name}attention.output.LayerNorm"
        )
        inner = op.gelu(self._linear(hidden, f"{name}intermediate.dense"), "erf")
        return self._norm(op.add(self._linear(inner, f"{name}output.dense"), hidden), f"{name}output.LayerNorm")

    def mean(self, hidden: Any, present: Any) -> Any:
        op = self.op
        weight = op.unsqueeze(present, self._integers(-1))
        total = op.reduce_sum(op.multiply(hidden, weight), self._integers([1]))
        return op.divide(total, op.reduce_sum(weight, self._integers([1])))

    @property
    def _dimension(self) -> int:
        return int(self.weights["embeddings.LayerNorm.weight"].shape[0])

    def _integers(self, values: int | Sequence[int]) -> Any:
        return self.op.constant(np.array(values, dtype=np.int64))

    def _weight(self, name: str) -> Any:
        return self.op.constant(self.weights[f"{name}.weight"])

    def _bias(self, name: str) -> Any:
        return self.op.constant(self.weights[f"{name}.bias"])

    def _linear(self, value: Any, name: str) -> Any:
        product = self.op.matmul(value, self._weight(name), transpose_a=False, transpose_b=True)
        return self.op.add(product, self._bias(name))

    def _norm(self, value: Any, name: str) -> Any:
        op = self.op
        scaled = op.mvn(value, self._integers([-1]), True, self.shape.layer_norm_epsilon, "INSIDE_SQRT")
        return op.add(op.multiply(scaled, self._weight(name)), self._bias(name))

    def _split_heads(self, value: Any) -> Any:
        """(batch, length, dimension) to (batch, heads, length, dimension / heads)."""
        heads = self.shape.heads
        split = self._integers([0, 0, heads, self._dimension // heads])
        return self.op.transpose(self.op.reshape(value, split, special_zero=True), self._integers([0, 2, 1, 3]))
