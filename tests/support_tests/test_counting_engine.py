"""FalconLite2's limits with Falcon's own tokenizer. It proves counting; the answers come from random weights."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.support.tgi_server.falcon_engine import counting_engine
from tests.support.tgi_server.limits import FALCONLITE2
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

pytestmark = pytest.mark.slow  # loads PyTorch


@pytest.fixture(scope="module")
def falcon(shared_data):
    return counting_engine(shared_data / "falcon_tokenizer" / "tokenizer.json")


@pytest.fixture(scope="module")
def server(falcon):
    with serving(Setup(falcon, Version.parse("1.0.3"), FALCONLITE2)) as server:
        yield server


def generate(server, inputs, length):
    body = {"inputs": inputs, "parameters": {"max_new_tokens": length, "details": True}}
    return httpx.post(f"{server.url}/generate", json=body, timeout=120)


def test_the_template_costs_three_tokens(falcon):
    plain = "please tell me how does pgvector help with Generative AI"
    wrapped = f"<|prompter|>{plain}<|endoftext|><|assistant|>"
    ids, inner = falcon.tokenizer.encode(wrapped).ids, falcon.tokenizer.encode(plain).ids
    assert ids == [65_024, *inner, 11, 65_025]


def test_a_full_window_is_read_and_one_token_more_is_refused(server):
    full = "the" + " the" * 23_999
    began = time.monotonic()
    answer = generate(server, full, 4)
    assert answer.status_code == 200
    assert time.monotonic() - began < 60
    assert answer.json()["details"]["generated_tokens"] == 4
    message = "`inputs` must have less than 24000 tokens. Given: 24001"
    assert generate(server, full + " the", 4).json()["error"] == f"Input validation error: {message}"
    message = "must be <= 24576. Given: 24000 `inputs` tokens and 577 `max_new_tokens`"
    assert message in generate(server, full, 577).text


def test_reading_in_parts_gives_the_logits_of_reading_at_once(falcon, monkeypatch):
    tokens = falcon.tokenizer.encode("the door of the mill is blue " * 20).ids
    whole = falcon.begin(tokens).logits
    monkeypatch.setattr("tests.support.tgi_server.falcon_engine.READ_AT_ONCE", 7)
    parts = falcon.begin(tokens)
    assert parts.logits == pytest.approx(whole, abs=1e-5)
    parts.append(tokens[0])
    assert parts.logits == pytest.approx(falcon.begin([*tokens, tokens[0]]).logits, abs=1e-5)


def test_log_probabilities_of_a_prompt(falcon):
    import torch

    tokens = falcon.tokenizer.encode("the door of the mill").ids
    expected = [
        torch.from_numpy(falcon.begin(tokens[:position]).logits).log_softmax(-1)[tokens[position]].item()
        for position in range(1, len(tokens))
    ]
    assert falcon.logprobs(tokens) == pytest.approx(expected, abs=1e-5)
