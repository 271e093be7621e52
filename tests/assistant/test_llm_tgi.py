"""What is special to text-generation-inference: its versions' dialects, what is sent, how tokens are counted."""

from __future__ import annotations

import json

import pytest

from assistant.answers import Sampling, TokenCount
from assistant.errors import ModelMismatch, NotAModelServer
from assistant.llms import open_llm
from assistant.llms.deadline import Timeouts
from ingest.errors import UsageError
from tests.support.raw_server import http, serving, stream_head

TIMEOUTS = Timeouts(total=5.0, connect=1.0, first_token=2.0, between_tokens=1.0, facts=2.0)
INFO = {
    "1.0.3": {
        "model_id": "amazon/FalconLite2",
        "max_input_length": 24_000,
        "max_total_tokens": 24_576,
        "version": "1.0.3",
    },
    "3.3.7": {
        "model_id": "amazon/FalconLite2",
        "max_input_tokens": 24_000,
        "max_total_tokens": 24_576,
        "version": "3.3.7",
    },
}


def token(text, *, special=False, final=None, reason="eos_token"):
    details = {"finish_reason": reason, "generated_tokens": 3, "seed": None, "input_length": 7}
    event = {"token": {"id": 5, "text": text, "logprob": -1.0, "special": special}, "generated_text": final}
    return f"data:{json.dumps(event | {'details': None if final is None else details})}\n\n".encode()


def answering(*events, version="1.0.3", **routes):
    return serving({"/info": [[http(200, INFO[version])]], "/": [[stream_head(), *events]], **routes})


def opened(server, profile=None, **options):
    return open_llm(f"tgi:{server.url}", profile, timeouts=TIMEOUTS, **options)


@pytest.mark.parametrize("version", INFO)
def test_the_profile_is_found_and_both_names_of_the_limit_are_understood(version):
    with answering(version=version) as server:
        profile = opened(server).profile
    assert (profile.name, profile.window, profile.max_input) == ("falconlite2", 24_576, 24_000)


def test_what_is_sent():
    with answering(token("x", final="x")) as server:
        opened(server).complete("Prompt with {braces}", Sampling(max_tokens=250, seed=1))
        sent = server.to("/")[0]
    assert sent.method == "POST"
    assert sent.body == {
        "inputs": "Prompt with {braces}",
        "stream": True,
        "parameters": {
            "max_new_tokens": 250,
            "do_sample": False,
            "seed": 1,
            "stop": ["<|prompter|>"],
            "return_full_text": False,
            "watermark": False,
            "details": True,
            "decoder_input_details": False,
        },
    }


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(temperature=0.0), {"do_sample": False}),
        (Sampling(temperature=0.7), {"do_sample": True, "temperature": 0.7}),
        (Sampling(temperature=1.0), {"do_sample": True}),
        (Sampling(top_p=1.0, typical_p=1.0), {"do_sample": False}),  # the server refuses 1.0
        (Sampling(typical_p=0.2), {"do_sample": True, "typical_p": 0.2}),
        (Sampling(temperature=0.5, top_p=0.9, seed=None), {"do_sample": True, "temperature": 0.5, "top_p": 0.9}),
    ],
)
def test_sampling_that_every_version_accepts(sampling, expected):
    with answering(token("x", final="x")) as server:
        opened(server).complete("p", sampling)
        sent = server.to("/")[0].body["parameters"]
    chosen = {name: sent[name] for name in ("do_sample", "temperature", "top_p", "typical_p") if name in sent}
    assert chosen == expected
    assert sent.get("seed") == sampling.seed


def test_sampling_that_the_client_refuses_is_not_sent():
    with answering() as server:
        with pytest.raises(UsageError, match="`temperature` must be strictly positive"):
            opened(server).complete("p", Sampling(temperature=-1.0))
        with pytest.raises(UsageError, match="`inputs` cannot be empty"):
            opened(server).complete("")
        assert server.to("/") == []


def test_special_tokens_are_not_shown_and_the_final_text_counts():
    """Incomplete UTF-8 is sent as "", and the joined tokens can differ from the text that the server decodes."""
    events = [token("Caf"), token(""), token("é"), token("<|endoftext|>", special=True, final="Café")]
    with answering(*events) as server:
        stream = opened(server).stream("p")
        assert list(stream) == ["Caf", "é"]
    assert (stream.completion.text, stream.completion.finish) == ("Café", "stop")
    assert (stream.completion.prompt_tokens, stream.completion.output_tokens) == (7, 3)


def test_the_last_token_comes_with_the_final_event():
    with answering(token("Thirty"), token(" days", final="Thirty days", reason="length")) as server:
        stream = opened(server).stream("p")
        assert list(stream) == ["Thirty", " days"]
    assert stream.completion.finish == "length"


def test_a_stop_sequence_that_the_server_leaves_in_the_text():
    events = [token("Yes."), token("<|pro"), token("mpter|>", final="Yes.<|prompter|>", reason="stop_sequence")]
    with answering(*events) as server:
        stream = opened(server).stream("p")
        assert list(stream) == ["Yes."]
    assert (stream.completion.text, stream.completion.finish) == ("Yes.", "stop")


def test_a_stop_sequence_that_the_server_does_not_see_ends_the_answer():
    """It matches at the end of a token only, and would write the next turn of the conversation itself."""
    with answering(token("Yes."), token("<|prompter|>And then"), *[token(" more")] * 500, 5.0) as server:
        completion = opened(server).complete("p")
        assert server.abandoned.wait(2.0)
    assert (completion.text, completion.finish) == ("Yes.", "stop")


@pytest.mark.parametrize(
    ("event", "match"), [({"token": {"id": "x"}}, "an event of an unknown form"), ({"choices": []}, "without a token")]
)
def test_events_of_an_unknown_form(event, match):
    with answering(f"data:{json.dumps(event)}\n\n".encode()) as server, pytest.raises(NotAModelServer, match=match):
        opened(server).complete("p")


def refusal(tokens, window=24_576):
    message = (
        f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {window}. "
        f"Given: {tokens} `inputs` tokens and {window} `max_new_tokens`"
    )
    return http(422, {"error": message, "error_type": "validation"})


def test_tokens_are_counted_by_the_refusal_of_old_servers():
    with answering(**{"/generate": [[refusal(1234)], [refusal(30_000)]]}) as server:
        model = opened(server)
        assert model.count("a text") == TokenCount(1234, exact=True)
        assert model.count("a longer text") == TokenCount(30_000, exact=True)
        sent = server.to("/generate")
        assert [request.body["inputs"] for request in sent] == ["a text", "a longer text"]
        assert sent[0].body["parameters"] == {"max_new_tokens": 24_576}
        assert len(server.to("/tokenize")) == 1  # its absence is remembered
        assert model.count("") == TokenCount(0, exact=True)


def test_tokens_are_counted_by_newer_servers():
    tokens = [{"id": i, "text": "x", "start": i, "stop": i + 1} for i in range(5)]
    with answering(version="3.3.7", **{"/tokenize": [[http(200, tokens)]]}) as server:
        assert opened(server).count("five") == TokenCount(5, exact=True)
        assert server.to("/tokenize")[0].body == {"inputs": "five"}


def test_a_server_that_cannot_count_leaves_an_estimate():
    """3.x would generate instead of refusing; an old router without a tokenizer refuses with another message."""
    none = http(404, {"error": "No fast tokenizer or tokenizer.json for this model", "error_type": "no fast tokenizer"})
    with answering(version="3.3.7", **{"/tokenize": [[none]]}) as server:
        model = opened(server)
        assert not model.count("Hello world").exact
        assert model.count("Hello world").tokens >= 2
        assert server.to("/generate") == []
        assert len(server.to("/tokenize")) == 1
    message = "Input validation error: `max_new_tokens` must be <= 576. Given: 24576"
    with answering(**{"/generate": [[http(422, {"error": message, "error_type": "validation"})]]}) as server:
        assert not opened(server).count("Hello world").exact


def test_a_tokenizer_file_needs_no_server(shared_data):
    path = shared_data / "falcon_tokenizer" / "tokenizer.json"
    with answering() as server:
        model = opened(server, tokenizer=path)
        assert model.count("<|prompter|>Hello world<|endoftext|><|assistant|>") == TokenCount(5, exact=True)
        assert ">>QUESTION<<" in model.profile.control_tokens
        assert [request.path for request in server.requests] == ["/info"]


def test_an_unknown_model_needs_a_profile():
    info = INFO["1.0.3"] | {"model_id": "tiiuae/falcon-7b"}
    with serving({"/info": [[http(200, info)]]}) as server:
        with pytest.raises(ModelMismatch, match=r"serves 'tiiuae/falcon-7b', which no profile fits. Ask for"):
            _ = opened(server).profile
        assert opened(server, "plain").profile.window == 24_576


def test_a_gateway_that_hides_what_is_served_needs_a_profile():
    with serving({"/": [[stream_head(), token("x", final="x")]]}) as server:
        assert opened(server, "falconlite2").complete("p").text == "x"
        assert opened(server, "falconlite2").profile.window == 24_576
        assert not opened(server, "falconlite2").count("Hello").exact
        with pytest.raises(ModelMismatch, match="serves a model, which no profile fits"):
            opened(server).complete("p")


def test_a_profile_without_a_template_is_for_the_other_protocol():
    with answering() as server, pytest.raises(UsageError, match=r"Use --llm openai:http://127.0.0.1:\d+/v1"):
        opened(server, "chat").complete("p")


@pytest.mark.parametrize("info", [{"models": []}, [], {"model_id": "amazon/FalconLite2"}])
def test_another_service_at_the_address(info):
    no_model = pytest.raises(NotAModelServer, match="/info does not tell a model")
    with serving({"/info": [[http(200, info)]]}) as server, no_model:
        _ = opened(server).profile


def test_everybody_elses_client_is_left_as_it_is():
    import aiohttp
    import text_generation.client as installed
    from text_generation import types

    with answering(token("x", final="x")) as server:
        opened(server).complete("p")
    assert installed.ClientSession is aiohttp.ClientSession
    assert installed.Request is types.Request
    assert installed.StreamResponse is types.StreamResponse
