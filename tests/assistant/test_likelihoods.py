"""How likely a model holds a continuation: equal to its own forward pass, whichever server tells it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from assistant.answers import Likelihood
from assistant.errors import LikelihoodsNotTold, NotAModelServer
from assistant.llms import open_llm
from assistant.llms.likelihoods import ReadText, likelihoods_of, shared_tokens
from assistant.llms.scripted import ScriptedModel
from assistant.protocols import Weighing
from tests.support.raw_server import http, serving

PROMPT = "What is the colour of the lamp?"
CONTINUATIONS = ("The lamp is green.", "The lamp is red.", "xyz")
CUT = ("The la", ("mp is green", "st of them"))  # "la" and "mp" are one token of the small Falcon
KINDS = ("tgi 1.0.3", "tgi 3.3.7", "llama.cpp", "gguf")


def test_a_clean_boundary_counts_the_continuation_alone():
    alone = ReadText((1, 2), (None, -9.0))
    whole = [ReadText((1, 2, 3), (None, -9.0, -0.5)), ReadText((1, 2, 4, 5), (None, -9.0, -1.0, -2.0))]
    assert likelihoods_of(alone, whole, "u") == (Likelihood(-0.5, 1), Likelihood(-3.0, 2))


def test_a_merged_boundary_counts_all_from_where_any_of_them_departs():
    alone = ReadText((1, 2), (None, -9.0))
    whole = [ReadText((1, 7), (None, -0.25)), ReadText((1, 2, 3), (None, -9.0, -0.5))]
    assert likelihoods_of(alone, whole, "u") == (Likelihood(-0.25, 1, merged=True), Likelihood(-9.5, 2, merged=True))


def test_what_is_not_told_is_never_taken_for_nothing():
    with pytest.raises(NotAModelServer, match="left out the logarithms of 1 tokens"):
        likelihoods_of(ReadText((1,), (None,)), [ReadText((1, 2, 3), (None, -0.5, None))], "u")
    with pytest.raises(LikelihoodsNotTold, match="no token that all continuations leave"):
        likelihoods_of(ReadText((1,), (None,)), [ReadText((2,), (None,))], "u")


def test_shared_tokens():
    assert shared_tokens([(1, 2, 3), (1, 2), (1, 2, 4)]) == 2
    assert shared_tokens([(1,), (2,)]) == 0


def test_the_scripted_model_cannot_weigh():
    assert not isinstance(ScriptedModel([]), Weighing)


def vllm(told: list[float | None] | None, owner: str = "vllm", profile: str = "plain"):
    """A server that encodes "text" as 1, 2 and "text more" as 1, 2, 3 and echoes these logarithms."""
    encodings = [[http(200, {"tokens": tokens, "count": len(tokens)})] for tokens in ([1, 2], [1, 2, 3])]
    logprobs = None if told is None else {"tokens": ["a"] * len(told), "token_logprobs": told, "text_offset": []}
    answer = {"model": "m", "choices": [{"index": 0, "text": "…", "logprobs": logprobs, "finish_reason": "length"}]}
    entry = {"id": "m", "owned_by": owner, "max_model_len": 9000}
    routes = {
        "/v1/models": [[http(200, {"data": [entry]})]],
        "/tokenize": encodings,
        "/v1/completions": [[http(200, answer)]],
    }
    return routes, profile


def weighed(routes, profile):
    with serving(routes) as server:
        found = open_llm(f"openai:{server.url}/v1#m", profile).likelihoods("text", [" more"])
        return found, server


def test_vllm_echoes_the_prompt_and_one_token_that_is_left_out():
    (found,), server = weighed(*vllm([None, -1.0, -0.5, -7.0]))
    assert found == Likelihood(-0.5, 1)
    (sent,) = (request.body for request in server.to("/v1/completions"))
    assert sent == {
        "model": "m", "prompt": [1, 2, 3], "max_tokens": 1, "temperature": 0.0, "echo": True, "logprobs": 1
    }  # fmt: skip
    assert [request.body["prompt"] for request in server.to("/tokenize")] == ["text", "text more"]
    assert all(request.body["add_special_tokens"] for request in server.to("/tokenize"))


@pytest.mark.parametrize("told", [None, [-7.0], [None, -1.0]])
def test_a_server_that_does_not_echo_is_not_believed(told):
    with pytest.raises(LikelihoodsNotTold, match="does not echo a prompt"):
        weighed(*vllm(told))


def test_who_cannot_tell_says_so():
    with pytest.raises(LikelihoodsNotTold, match=r"\(ollama\) does not tell how likely a given text is"):
        weighed(*vllm([], "library"))
    with pytest.raises(LikelihoodsNotTold, match="leaves the chat template to"):
        weighed(*vllm([], profile="chat"))


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", KINDS)
def test_they_are_those_of_the_models_own_forward_pass(kind, request, small_falcon, tmp_path):
    from tests.support.small_falcon import NAME, PROFILE, TEMPLATE

    path = tmp_path / "small.toml"
    path.write_text(PROFILE, encoding="utf-8")
    with ExitStack() as open_ones:
        name, _, version = kind.partition(" ")
        if name == "tgi":
            start = request.getfixturevalue("tgi_server")
            spec = f"tgi:{open_ones.enter_context(start(version, prefill_logprobs=True)).url}"
        elif name == "gguf":
            pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
            spec = f"gguf:{small_falcon.gguf}"
        else:
            spec = f"openai:{request.getfixturevalue('llama_server').url}/v1#{NAME}"
        model = open_llm(spec, str(path))
        prompt = TEMPLATE.format(prompt=PROMPT)
        found, cut = model.likelihoods(prompt, CONTINUATIONS), model.likelihoods(*CUT)
        if name == "gguf":
            model.close()
    near = 1e-3 if name == "tgi" else 0.1  # llama.cpp keeps keys and values in 16 bits
    for each, continuation in zip(found, CONTINUATIONS, strict=True):
        length = len(small_falcon.tokenizer.encode(prompt).ids)
        expected, tokens = forward(small_falcon, prompt + continuation, length)
        assert each.logprob == pytest.approx(expected, abs=near)
        assert (each.tokens, each.merged) == (tokens, False)
    for each, continuation in zip(cut, CUT[1], strict=True):
        last = len(small_falcon.tokenizer.encode(CUT[0]).ids) - 1  # the only token that the continuations join
        expected, tokens = forward(small_falcon, CUT[0] + continuation, last)
        assert each.logprob == pytest.approx(expected, abs=near)
        assert (each.tokens, each.merged) == (tokens, True)


def forward(small, text: str, start: int) -> tuple[float, int]:
    """Of the tokens from `start` on, by one pass of transformers over all of them."""
    import torch

    ids = torch.tensor([small.tokenizer.encode(text).ids])
    with torch.inference_mode():
        logprobs = small.model(ids).logits[0, :-1].log_softmax(-1)
    told = logprobs.gather(1, ids[0, 1:, None])[start - 1 :, 0]
    return float(told.double().sum()), len(told)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_tgi_3_without_its_flag_says_what_is_missing(tgi_server, small_falcon, tmp_path):
    from tests.support.small_falcon import PROFILE

    (tmp_path / "small.toml").write_text(PROFILE, encoding="utf-8")
    with tgi_server("3.3.7") as server:
        model = open_llm(f"tgi:{server.url}", str(tmp_path / "small.toml"))
        with pytest.raises(LikelihoodsNotTold, match="--enable-prefill-logprobs"):
            model.likelihoods(PROMPT, CONTINUATIONS)
