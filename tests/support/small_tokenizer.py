"""A byte-level BPE of a thousand or so entries, cut like Falcon's and with the special tokens of FalconLite2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END = "<|endoftext|>"
PROMPTER, ASSISTANT = "<|prompter|>", "<|assistant|>"
FALCON = ("TITLE", "ABSTRACT", "INTRODUCTION", "SUMMARY", "COMMENT", "ANSWER", "QUESTION", "DOMAIN", "PREFIX", "SUFFIX")
SPECIAL = (
    *(f">>{name}<<" for name in (*FALCON, "MIDDLE")),  # ids 0 to 10, then 11, as in Falcon's vocabulary
    END,
    PROMPTER,
    ASSISTANT,
    "<|system|>",
    "<|prefix_begin|>",
    "<|prefix_end|>",
)


def train_tokenizer(texts: Iterable[str], size: int, special: Sequence[str] = SPECIAL) -> Tokenizer:
    """The same texts give the same tokenizer, special tokens first. Every byte has an entry, so any text encodes."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # that of falcon-40b's tokenizer.json
        [
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
