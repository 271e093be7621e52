"""Examples as tokens: a prompt as the server will read it, and behind it what is to be learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """`learnt[i]` is 1 where token i belongs to the completion."""

    ids: tuple[int, ...]
    learnt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    rows: tuple[EncodedRow, ...]
    left_out: int  # examples with more tokens than the model reads


def encode(examples: Iterable[Mapping[str, str]], tokenizer: Any, longest: int) -> Encoded:
    """Examples of {"prompt", "completion"} with at most `longest` tokens, the end token included.

    Prompt and completion are encoded apart: a server never sees tokens that reach over the end of the prompt, and a
    model that was trained on such would meet another prompt in use.
    """
    rows, left_out = [], 0
    for example in examples:
        prompt = tokenizer(example["prompt"])["input_ids"]
        completion = tokenizer(example["completion"], add_special_tokens=False)["input_ids"]
        ids = (*prompt, *completion, tokenizer.eos_token_id)
        if len(ids) > longest:
            left_out += 1
        else:
            rows.append(EncodedRow(ids, (0,) * len(prompt) + (1,) * (len(ids) - len(prompt))))
    return Encoded(tuple(rows), left_out)
