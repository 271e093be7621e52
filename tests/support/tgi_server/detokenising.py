"""Tokens into text while they arrive (`decode_token` of server/text_generation_server/models/model.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CONTEXT = 5  # tokens of the prompt that the first token is decoded with
INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class Detokeniser:
    """The text of each token as it comes, special tokens included; "" while a character's bytes are incomplete."""

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._tokens = list(prompt[-CONTEXT:])
        self._prefix, self._read = 0, len(self._tokens)

    def push(self, token: int) -> str:
        self._tokens.append(token)
        before = self._decode(self._tokens[self._prefix : self._read])
        now = self._decode(self._tokens[self._prefix :])
        if len(now) <= len(before) or now.endswith(INCOMPLETE):
            return ""
        self._prefix, self._read = self._read, len(self._tokens)
        return now[len(before) :]

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text
