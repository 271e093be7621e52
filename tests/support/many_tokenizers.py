"""Small tokenizers of every make: kind of model, normaliser, and how their special tokens are matched."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from assistant.control_tokens import CONTROL_TOKENS
from assistant.profiles import builtin_profiles
from tests.support.entries import prose

KNOWN = sorted({*CONTROL_TOKENS, *(token for known in builtin_profiles().values() for token in known.control_tokens)})

KINDS = ("BPE", "byte-level BPE", "Unigram", "WordPiece")
NORMALIZERS = ("none", "NFKC", "NFKC and lower case")
MATCHINGS = ("as written", "normalised")
MAKES = list(product(KINDS, NORMALIZERS, MATCHINGS))


def make_tokenizer(kind: str, normalizer: str, matching: str, tokens: Iterable[str] = KNOWN) -> Any:
    """A `tokenizers.Tokenizer` with these special tokens.

    `matching` says whether they are looked for in the text as it is, or as it is normalised.
    """
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers

    model, trainer, cut = {
        "BPE": (models.BPE(unk_token="?"), trainers.BpeTrainer, pre_tokenizers.Metaspace()),
        "byte-level BPE": (models.BPE(), trainers.BpeTrainer, pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "Unigram": (models.Unigram(), trainers.UnigramTrainer, pre_tokenizers.Metaspace()),
        "WordPiece": (models.WordPiece(unk_token="?"), trainers.WordPieceTrainer, pre_tokenizers.BertPreTokenizer()),
    }[kind]
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = cut
    normal = {
        "NFKC": normalizers.NFKC(),
        "NFKC and lower case": normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]),
    }
    if normalizer in normal:
        tokenizer.normalizer = normal[normalizer]
    unknown = {"unk_token": "?"} if kind == "Unigram" else {}
    tokenizer.train_from_iterator(
        [prose(number) for number in range(20)],
        trainer(vocab_size=300, special_tokens=["?"], show_progress=False, **unknown),
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=matching == "normalised") for token in tokens])
    return tokenizer
