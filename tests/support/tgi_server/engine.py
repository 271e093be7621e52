"""What the server needs of a model: a tokenizer, and the logits of the next token, one token at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vector = NDArray[np.float32]


class Decoding(Protocol):
    """One sequence that grows."""

    @property
    def logits(self) -> Vector:
        """(vocabulary,), float32: what follows the tokens so far."""
        ...

    def append(self, token: int) -> None: ...


class Engine(Protocol):
    """A language model. Called from one thread at a time."""

    model_id: str
    tokenizer: Tokenizer
    end: int  # the token that ends an answer

    def begin(self, tokens: Sequence[int]) -> Decoding:
        """Reads a prompt of at least one token."""
        ...

    def logprobs(self, tokens: Sequence[int]) -> list[float]:
        """Log-probability of every token but the first, each given those before it."""
        ...
