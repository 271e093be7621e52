"""How the next token is drawn from logits, in the order of server/text_generation_server/utils/tokens.py.

TGI draws with PyTorch's generator; this one with NumPy's, so equal seeds repeat here but not across the two.
`watermark` is accepted and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.support.tgi_server.parameters import Parameters

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Warping:
    """What is done to the logits before a token is chosen; the values that change nothing are the defaults."""

    sample: bool = False
    temperature: float = 1.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    typical_p: float = 1.0

    @classmethod
    def of(cls, parameters: Parameters) -> Warping:
        temperature, top_k = parameters.temperature or 1.0, parameters.top_k or 0
        top_p, typical_p = parameters.top_p or 1.0, parameters.typical_p or 1.0
        warps = temperature != 1.0 or top_k != 0 or top_p < 1.0 or typical_p < 1.0
        return cls(
            parameters.do_sample or warps,  # any active warper samples, asked or not
            temperature,
            1.0 if parameters.repetition_penalty is None else parameters.repetition_penalty,
            parameters.frequency_penalty or 0.0,
            top_k,
            top_p,
            typical_p,
        )

    def asked_to_sample(self, parameters: Parameters) -> bool:
        """What the check of best_of looks at: the presence of a parameter, even one that changes nothing."""
        values = (parameters.temperature, parameters.top_k, parameters.top_p, parameters.typical_p)
        return parameters.do_sample or any(value is not None for value in values)


class Chooser:
    """Draws the tokens of one sequence."""

    def __init__(self, warping: Warping, seed: int) -> None:
        self._warping = warping
        self._random = np.random.default_rng(seed)

    def choose(self, logits: Vector, before: Sequence[int]) -> tuple[int, Vector]:
        """The token and the log-probabilities (vocabulary,) it was drawn from; `before` are all tokens so far."""
        scores = _penalised(logits.astype(np.float64), before, self._warping)
        scores = _warped(scores, self._warping)
        logprobs = log_softmax(scores)
        if not self._warping.sample:
            return int(scores.argmax()), logprobs.astype(np.float32)
        token = self._random.choice(len(scores), p=np.exp(logprobs))
        return int(token), logprobs.astype(np.float32)


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = scores - scores.max()
    logprobs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return logprobs


def best(logprobs: Vector, count: int) -> list[int]:
    """The `count` likeliest tokens, best first, and those that tie with the last of them."""
    if count == 0:
        return []
    least = np.partition(logprobs, -count)[-count]
    tokens = np.flatnonzero(logprobs >= least)
    return [int(token) for token in tokens[np.argsort(-logprobs[tokens], kind="stable")]]


def _penalised(scores: NDArray[np.float64], before: Sequence[int], warping: Warping) -> NDArray[np.float64]:
    if warping.repetition_penalty != 1.0:
        seen = np.unique(np.asarray(before, dtype=np.int64))
        values = scores[seen]
        scores[seen] = np.where(values < 0, values * warping.repetition_penalty, values / warping.repetition_penalty)
    if warping.frequency_penalty:
        counts = np.bincount(np.asarray(before, dtype=np.int64), minlength=len(scores))
        scores = scores - warping.frequency_penalty * counts
    return scores


def _warped(scores: NDArray[np.float64], warping: Warping) -> NDArray[np.float64]:
    scores = scores / warping.temperature
    if warping.top_k:
        least = np.partition(scores, -min(warping.top_k, len(scores)))[-min(warping.top_k, len(scores))]
        scores = np.where(scores < least, -np.inf, scores)
    if warping.top_p < 1.0:
        order = np.argsort(scores)  # worst first: the tail whose mass stays within 1 - top_p goes
        tail = np.exp(log_softmax(scores)[order]).cumsum() <= 1.0 - warping.top_p
        tail[-1] = False
        scores[order[tail]] = -np.inf
    if warping.typical_p < 1.0:
        scores = _typical(scores, warping.typical_p)
    return scores


def _typical(scores: NDArray[np.float64], mass: float) -> NDArray[np.float64]:
    """Keeps the tokens whose information is nearest to the expected one, up to `mass` (Meister et al. 2022)."""
    logprobs = log_softmax(scores)
    probabilities = np.exp(logprobs)
    entropy = -np.nansum(np.where(probabilities > 0, logprobs * probabilities, 0.0))
    order = np.argsort(np.abs(-logprobs - entropy), kind="stable")
    kept = order[: int((probabilities[order].cumsum() < mass).sum()) + 1]
    result = np.full_like(scores, -np.inf)
    result[kept] = scores[kept]
    return result
