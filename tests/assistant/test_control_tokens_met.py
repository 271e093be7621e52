"""Control tokens in documents are read as text by tokenizers of every make: kind, normaliser, way of matching."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from assistant.control_tokens import neutralise
from tests.assistant.test_control_tokens import adversarial, full_width
from tests.support.many_tokenizers import KNOWN, MAKES, make_tokenizer


@pytest.fixture(
    scope="module",
    params=MAKES,
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
