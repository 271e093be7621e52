"""Servers with OpenAI's protocol: how each tells its window and counts tokens, and what is sent to it."""

from __future__ import annotations

import json

import pytest

from assistant.answers import Sampling, TokenCount
from assistant.errors import ModelMismatch, ModelRequestRejected, NotAModelServer
from assistant.llms import open_llm
from assistant.llms.deadline import Timeouts
from ingest.errors import UsageError
from tests.support.raw_server import http, serving, stream_head

TIMEOUTS = Timeouts(total=5.0, connect=1.0, first_token=2.0, between_tokens=1.0, facts=2.0)
TOKENS = [[http(200, {"tokens": [1, 2, 3], "count": 3, "max_model_len": 9000})]]

SERVERS = {
    # name: (entry of the list of models, further routes, window, longest prompt, what is sent to count)
    "vllm": (
        {"id": "m", "owned_by": "vllm", "max_model_len": 9000, "root": "owner/m"},
        {"/tokenize": TOKENS},
        (9000, 9000),
        {"model": "m", "prompt": "text", "add_special_tokens": False},
    ),
    "sglang": (
        {"id": "m", "owned_by": "sglang", "max_model_len": 9000},
        {"/tokenize": TOKENS},
        (9000, 9000),
        {"model": "m", "prompt": "text", "add_special_tokens": False},
    ),
    "llama.cpp": (
        {"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 9000, "n_ctx_train": 32_000}},
        {"/tokenize": [[http(200, {"tokens": [1, 2, 3]})]]},
        (9000, 9000),
        {"content": "text", "add_special": False, "parse_special": True},
    ),
    "llama.cpp of 2024": (
        {"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 32_000}},
        {
            "/props": [[http(200, {"default_generation_settings": {"n_ctx": 9000}})]],
            "/tokenize": [[http(200, {"tokens": [1, 2, 3]})]],
        },
        (9000, 9000),
        {"content": "text", "add_special": False, "parse_special": True},
    ),
    "tgi": (
        {"id": "m", "owned_by": "m"},
        {
            "/info": [[http(200, {"max_total_tokens": 9000, "max_input_tokens": 8000})]],
            "/tokenize": [[http(200, [{"id": 1}, {"id": 2}, {"id": 3}])]],
        },
        (9000, 8000),
        {"inputs": "text"},
    ),
    "ollama": (
        {"id": "m", "owned_by": "library"},
        {
            "/api/ps": [
                [http(200, {"models": [{"model": "o", "context_length": 1}, {"model": "m", "context_length": 9000}]})]
            ]
        },
        (9000, 9000),
        None,
    ),
    "ollama before the model is loaded": (
        {"id": "m", "owned_by": "library"},
        {"/api/ps": [[http(200, {"models": []})]]},
        (4096, 4096),
        None,
    ),
    "lm studio": (
        {"id": "m", "owned_by": "organization_owner"},
        {
            "/api/v0/models": [
                [http(200, {"data": [{"id": "m", "loaded_context_length": 9000, "max_context_length": 1}]})]
            ]
        },
        (9000, 9000),
        None,
    ),
    "lm studio without its own routes": ({"id": "m", "owned_by": "organization_owner"}, {}, (4096, 4096), None),
    "unknown": ({"id": "m"}, {}, (4096, 4096), None),
}


def event(text="", finish=None, **more):
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return f"data: {json.dumps({'model': 'm', 'choices': [choice], **more})}\n\n".encode()


def raw_event(text="", finish=None, **more):
    choice = {"index": 0, "text": text, "finish_reason": finish}
    return f"data: {json.dumps({'model': 'm', 'choices': [choice], **more})}\n\n".encode()


def listing(*entries):
    return {"/v1/models": [[http(200, {"object": "list", "data": list(entries)})]]}


def chatting(*events, entry=SERVERS["vllm"][0]):
    return serving({**listing(entry), "/v1/chat/completions": [[stream_head(), *events]]})


def opened(server, profile=None, model="", **options):
    return open_llm(f"openai:{server.url}/v1{model}", profile, timeouts=TIMEOUTS, **options)


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_tells_its_window_and_counts_in_its_own_way(name):
    entry, routes, limits, body = SERVERS[name]
    with serving({**listing(entry), **routes}) as server:
        model = opened(server)
        assert (model.profile.name, model.profile.window, model.profile.max_input) == ("chat", *limits)
        before = len(server.to("/tokenize"))
        count = model.count("text")
        assert count == (TokenCount(3, exact=True) if body else count)
        assert count.exact is (body is not None)
        assert [request.body for request in server.to("/tokenize")[before:]] == ([body] if body else [])


MESSAGES = [{"role": "user", "content": "x"}]
SEVEN, ONE = http(200, {"tokens": [1] * 7, "count": 7}), http(200, {"tokens": [1], "count": 1})
OVERHEADS = {
    # name: (routes, how the whole is asked for, tokens of the template)
    "vllm": ({"/tokenize": [[SEVEN], [ONE]]}, {"model": "m", "messages": MESSAGES, "add_generation_prompt": True}, 6),
    "tgi": (
        {"/chat_tokenize": [[http(200, {"tokenize_response": [{}] * 7})]], "/tokenize": [[http(200, [{}])]]},
        {"model": "tgi", "messages": MESSAGES},
        6,
    ),
    "llama.cpp": (
        {"/apply-template": [[http(200, {"prompt": "<user>x<assistant>"})]], "/tokenize": [[SEVEN], [ONE]]},
        {"messages": MESSAGES},
        7,  # and a leading token, which it may add
    ),
    "unknown": ({}, None, 128),
}


@pytest.mark.parametrize("name", OVERHEADS)
def test_what_the_servers_template_costs_is_measured_where_it_is_told(name):
    routes, question, overhead = OVERHEADS[name]
    entry, more, *_ = SERVERS[name]
    with serving({**listing(entry), **more, **routes}) as server:
        assert opened(server).profile.overhead == overhead
        if question is not None:
            (path, *_) = routes
            assert server.to(path)[0].body == question


def test_the_template_of_a_profile_is_not_measured():
    with serving({**listing({"id": "falcon-mamba-7b-instruct", "owned_by": "vllm", "max_model_len": 8192})}) as server:
        assert opened(server).profile.overhead == 0
        assert [request.path for request in server.requests] == ["/v1/models"]


def test_a_server_that_has_no_tokenize_leaves_an_estimate():
    with serving(listing(SERVERS["sglang"][0])) as server:
        model = opened(server)
        assert not model.count("Hello world").exact
        asked = len(server.to("/tokenize"))
        assert not model.count("Hello world").exact
        assert len(server.to("/tokenize")) == asked
        assert model.profile.overhead == 128


def test_a_gateway_without_a_list_is_taken_at_its_word():
    reply = [stream_head(), event("x"), event(finish="stop")]
    with serving({"/v1/chat/completions": [reply]}) as server:
        assert opened(server, model="#m").complete("Which?").text == "x"
        with pytest.raises(ModelRequestRejected, match="404"):
            opened(server).complete("Which?")


def test_chat_without_a_template_of_ours():
    end = [
        event(finish="stop"),
        b'data: {"model": "m", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}\n\n',
    ]
    with chatting(event("Thirty"), event(" days"), *end, b"data: [DONE]\n\n") as server:
        stream = opened(server).stream("Which?", Sampling(max_tokens=99, seed=3, top_p=0.9, typical_p=0.2))
        assert list(stream) == ["Thirty", " days"]
        sent = server.to("/v1/chat/completions")[0].body
    assert (stream.completion.text, stream.completion.finish) == ("Thirty days", "stop")
    assert (stream.completion.prompt_tokens, stream.completion.output_tokens) == (9, 2)
    assert sent == {
        "model": "m",
        "messages": [{"role": "user", "content": "Which?"}],
        "max_tokens": 99,
        "temperature": 0.0,
        "seed": 3,
        "top_p": 0.9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_raw_completions_with_a_template_of_ours():
    entry = {"id": "lightonai/alfred-40b-1023", "owned_by": "llamacpp", "meta": {"n_ctx": 8192}}
    reply = [stream_head(), raw_event("Yes", model=entry["id"]), raw_event(finish="stop", model=entry["id"])]
    with serving({**listing(entry), "/v1/completions": [reply]}) as server:
        model = opened(server)
        assert (model.profile.name, model.profile.window) == ("alfred-40b-1023", 8192)
        assert model.complete("<start_user>Hi<end_message>", Sampling(typical_p=0.2)).text == "Yes"
        sent = server.to("/v1/completions")[0].body
    assert (sent["prompt"], sent["stop"]) == ("<start_user>Hi<end_message>", ["<end_message>"])
    assert sent["typical_p"] == 0.2  # llama.cpp knows it


def test_tgi_is_asked_for_by_its_alias():
    """Another name would be that of an adapter, and an unknown adapter is silently the base model."""
    entry = {"id": "m", "owned_by": "m"}
    with serving(
        {
            **listing(entry),
            **SERVERS["tgi"][1],
            "/v1/chat/completions": [[stream_head(), event("x"), event(finish="stop")]],
        }
    ) as server:
        assert opened(server, model="#tgi").complete("Which?").text == "x"
        assert server.to("/v1/chat/completions")[0].body["model"] == "tgi"


@pytest.mark.parametrize(
    ("reason", "finish", "problem"),
    [
        ("stop", "stop", ""),
        ("eos_token", "stop", ""),
        ("stop_sequence", "stop", ""),
        ("length", "length", ""),
        ("content_filter", "incomplete", "The server ended it with 'content_filter'."),
    ],
)
def test_finish_reasons(reason, finish, problem):
    with chatting(event("x"), event(finish=reason)) as server:
        completion = opened(server).complete("Which?")
    assert (completion.finish, completion.problem) == (finish, problem)


def test_done_without_a_finish_reason_is_no_end():
    with chatting(event("Thirty"), b"data: [DONE]\n\n") as server:
        completion = opened(server).complete("Which?")
    assert (completion.text, completion.finish) == ("Thirty", "incomplete")


def test_a_break_after_the_finish_reason_does_no_harm(monkeypatch):
    with chatting(event("Thirty"), event(finish="stop"), b"data: {broken") as server:
        assert opened(server).complete("Which?").finish == "stop"
    monkeypatch.setattr("assistant.llms.openai_compatible._USAGE_WAIT", 0.1)
    with chatting(event("Thirty"), event(finish="stop"), 10.0) as server:
        assert opened(server).complete("Which?").finish == "stop"


def test_thoughts_and_roles_are_signs_of_life_without_text():
    delta = {"role": "assistant", "reasoning_content": "hm"}
    thought = f"data: {json.dumps({'model': 'm', 'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()
    with chatting(thought, 0.7, thought, 0.7, event("Yes"), event(finish="stop")) as server:
        stream = opened(server).stream("Which?")
        assert list(stream) == ["Yes"]
    assert stream.completion.text == "Yes"


@pytest.mark.parametrize("asked", ["#m", "#owner/m", ""])
def test_a_model_is_known_by_each_of_its_names(asked):
    with chatting(event("x"), event(finish="stop")) as server:
        assert opened(server, model=asked).complete("Which?").text == "x"


def test_several_models_need_a_choice():
    with serving(listing({"id": "a"}, {"id": "b"})) as server:
        with pytest.raises(UsageError, match=r"serves 2 models. Add #a, or another of"):
            _ = opened(server).profile
        assert opened(server, model="#b").profile.name == "chat"
        with pytest.raises(ModelMismatch, match=r"'c' was asked for, but .* serves 'a', 'b'"):
            _ = opened(server, model="#c").profile


def test_the_profile_asked_for_must_fit_the_model():
    with serving(listing({"id": "meta-llama/Llama-3.1-8B-Instruct"})) as server:
        with pytest.raises(ModelMismatch, match=r"'falconlite2' was asked for, but .* serves 'meta-llama"):
            _ = opened(server, "falconlite2").profile
        assert opened(server, "falconlite2", any_model=True).profile.name == "falconlite2"


def test_a_model_with_a_longer_name_is_another_one():
    with chatting(event("x", model="mixtral")) as server, pytest.raises(ModelMismatch, match="answers with 'mixtral'"):
        opened(server).complete("Which?")


def test_ollama_calls_the_newest_of_a_model_latest():
    entry = {"id": "m:latest", "owned_by": "library"}
    with chatting(event("x", model="m:latest"), event(finish="stop", model="m:latest"), entry=entry) as server:
        assert opened(server, model="#m").complete("Which?").text == "x"
        assert server.to("/v1/chat/completions")[0].body["model"] == "m:latest"


def test_half_a_surrogate_pair_is_the_servers_to_refuse():
    with chatting(event("x"), event(finish="stop")) as server:
        assert opened(server).complete("caf\udce9").text == "x"
        assert server.to("/v1/chat/completions")[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("answering", ["m", "m-2024-08-06", "m-20240806"])
def test_dated_names_of_the_same_model(answering):
    with chatting(event("x", model=answering), event(finish="stop", model=answering)) as server:
        assert opened(server).complete("Which?").text == "x"


@pytest.mark.parametrize("body", [{"data": []}, {}, [], {"data": "x"}])
def test_another_service_at_the_address(body):
    no_model = pytest.raises(NotAModelServer, match=r"lists no model. Does the address end in /v1")
    with serving({"/v1/models": [[http(200, body)]]}) as server, no_model:
        _ = opened(server).profile


def test_what_is_no_json():
    no_json = pytest.raises(NotAModelServer, match="does not answer in JSON")
    with serving({"/v1/models": [[http(200, b"<html>", "text/html")]]}) as server, no_json:
        _ = opened(server).profile
