"""A model without weights: the next token is the one that followed the longest earlier match of the last tokens.

This is prompt-lookup decoding's draft model (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding) alone. It
copies, deterministically and in microseconds a token, so the protocol is tested without loading PyTorch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tests.support.tgi_server.engine import Vector
from tests.support.tgi_server.sampling import log_softmax

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 8  # tokens of a match
GAIN = 3.0  # logits for each token that matches


class LookupEngine:
    """See `Engine`."""

    def __init__(self, tokenizer: Tokenizer, end: int, model_id: str = "lookup") -> None:
        self.tokenizer = tokenizer
        self.end = end
        self.model_id = model_id

    def begin(self, tokens: Sequence[int]) -> LookupDecoding:
        return LookupDecoding(tokens, self.tokenizer.get_vocab_size())

    def logprobs(self, tokens: Sequence[int]) -> list[float]:
        decoding = self.begin(tokens[:1])
        result = []
        for token in tokens[1:]:
            result.append(float(log_softmax(decoding.logits.astype(np.float64))[token]))
            decoding.append(token)
        return result


class LookupDecoding:
    """See `Decoding`. Every run of up to `LONGEST` tokens points to the places after which it ended."""

    def __init__(self, tokens: Sequence[int], vocabulary: int) -> None:
        self._vocabulary = vocabulary
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for token in tokens:
            self.append(token)

    def append(self, token: int) -> None:
        for length in range(min(LONGEST, len(self._tokens)) + 1):
            run = tuple(self._tokens[len(self._tokens) - length :])
            self._after[run].append(token)
        self._tokens.append(token)

    @property
    def logits(self) -> Vector:
        """The followers of longer matches win; among those of one match, the latest."""
        logits = np.zeros(self._vocabulary, np.float32)
        for length in range(min(LONGEST, len(self._tokens)) + 1):
            followers = self._after.get(tuple(self._tokens[len(self._tokens) - length :]), [])
            for age, token in enumerate(reversed(followers[-LONGEST:])):
                logits[token] = max(logits[token], GAIN * (length + 1) - age / LONGEST)
        return logits
