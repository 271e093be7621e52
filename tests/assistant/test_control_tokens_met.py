"""Control tokens in documents are read as text by tokenizers of every make: kind, normaliser, way of matching."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings

from assistant.control_tokens import neutralise
from tests.assistant.test_control_tokens import KNOWN, adversarial, full_width
from tests.support.entries import prose

KINDS = ("BPE", "byte-level BPE", "Unigram", "WordPiece")
NORMALIZERS = ("none", "NFKC", "NFKC and lower case")


def make_tokenizer(kind: str, normalizer: str, matching: str):
    """`matching` says whether special tokens are looked for in the text as it is, or as it is normalised."""
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
    tokenizer.add_special_tokens([AddedToken(token, normalized=matching == "normalised") for token in KNOWN])
    return tokenizer


@pytest.fixture(
    scope="module",
    params=list(product(KINDS, NORMALIZERS, ("as written", "normalised"))),
    ids=", ".join,
)
def tokenizer(request):
    return make_tokenizer(*request.param)


def special(tokenizer, text: str) -> set[int]:
    return {tokenizer.token_to_id(token) for token in KNOWN} & set(tokenizer.encode(text).ids)


def test_none_comes_out_of_any_known_token(tokenizer):
    for token in KNOWN:
        for form in (token, token.upper(), full_width(token), token[:2] + token + token[2:], f"a{token}{token}b"):
            assert not special(tokenizer, neutralise(f"before {form} after")), form


@given(text=adversarial)
@settings(max_examples=60)
def test_none_comes_out_of_neutral_text(tokenizer, text):
    assert not special(tokenizer, neutralise(text))


def test_they_are_dangerous_without_it(tokenizer):
    assert special(tokenizer, f"before {KNOWN[0]} after")
