"""What every `LLM` keeps: scripted, each version of TGI, each protocol of OpenAI's, and a real llama.cpp."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from assistant.answers import Completion, Sampling
from assistant.errors import ModelUnreachable
from assistant.llms import LLMS, open_llm
from assistant.llms.deadline import Timeouts
from assistant.llms.scripted import ScriptedModel
from tests.support.raw_server import http, serving, stream_head
from tests.support.tiny_gguf import write_tiny_falcon

ANSWER = ["Thirty", " days", " from", " delivery."]
TIMEOUTS = Timeouts(total=20.0, connect=2.0, first_token=5.0, between_tokens=5.0, facts=5.0)

# (name of the longest input in /info, bytes before the JSON, whether it has /tokenize, whether it numbers its events)
TGI_VERSIONS = {
    "0.9.2": ("max_input_length", "data:", False, False),
    "1.0.3": ("max_input_length", "data:", False, False),
    "1.4.5": ("max_input_length", "data:", True, True),
    "2.4.1": ("max_input_tokens", "data: ", True, True),
    "3.3.7": ("max_input_tokens", "data: ", True, True),
}


def tgi_event(version, index, text, final=None):
    _, prefix, _, numbered = TGI_VERSIONS[version]
    details = {"finish_reason": "eos_token", "generated_tokens": 5, "seed": None}
    event = {
        "token": {"id": index, "text": text, "logprob": -0.1, "special": final is not None},
        "generated_text": final,
        "details": None if final is None else details,
    }
    return f"{prefix}{json.dumps({'index': index, **event} if numbered else event)}\n\n".encode()


def tgi_routes(version):
    limit, _, tokenizes, _ = TGI_VERSIONS[version]
    info = {"model_id": "amazon/FalconLite2", limit: 24_000, "max_total_tokens": 24_576, "version": version}
    pieces = [tgi_event(version, index, piece) for index, piece in enumerate(ANSWER, start=1)]
    end = tgi_event(version, 5, "<|endoftext|>", "".join(ANSWER))
    refusal = {
        "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 24576. "
        "Given: 3 `inputs` tokens and 24576 `max_new_tokens`",
        "error_type": "validation",
    }
    routes = {"/info": [[http(200, info)]], "/": [[stream_head(), *pieces, end]], "/generate": [[http(422, refusal)]]}
    return routes | ({"/tokenize": [[http(200, [{}, {}, {}])]]} if tokenizes else {})


def openai_routes(path):
    def event(piece, finish=None):
        choice = {"index": 0, "text": piece, "delta": {"content": piece}, "finish_reason": finish}
        return f"data: {json.dumps({'model': 'm', 'choices': [choice]})}\n\n".encode()

    entry = {"id": "m", "owned_by": "vllm", "max_model_len": 9000}
    events = [event(piece) for piece in ANSWER]
    return {
        "/v1/models": [[http(200, {"data": [entry]})]],
        path: [[stream_head(), *events, event("", "stop"), b"data: [DONE]\n\n"]],
        "/tokenize": [[http(200, {"count": 3, "tokens": [1, 2, 3]})]],
    }


@contextmanager
def served(routes, scheme, suffix="", profile=None):
    with serving(routes) as server:
        yield open_llm(f"{scheme}:{server.url}{suffix}", profile, timeouts=TIMEOUTS)


@contextmanager
def scripted():
    yield ScriptedModel(lambda _prompt: "".join(ANSWER))


@contextmanager
def llama(folder):
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
    model = open_llm(f"gguf:{write_tiny_falcon(folder / 'tiny.gguf')}", "plain", any_model=True)
    yield model
    model.close()


KINDS = {
    "scripted": lambda _: scripted(),
    **{f"tgi {v}": lambda _, version=v: served(tgi_routes(version), "tgi") for v in TGI_VERSIONS},
    "openai chat": lambda _: served(openai_routes("/v1/chat/completions"), "openai", "/v1"),
    "openai raw": lambda _: served(openai_routes("/v1/completions"), "openai", "/v1#m", "plain"),
    "llama.cpp": llama,
}


@pytest.fixture(params=KINDS)
def model(request, tmp_path):
    with KINDS[request.param](tmp_path) as opened:
        yield opened


def text_of(model):
    """What this model answers; a real one has no script."""
    return None if "LocalModel" in type(model).__name__ else "".join(ANSWER)


def test_the_profile_has_room(model):
    profile = model.profile
    assert 0 < profile.max_input <= profile.window
    assert profile.sampling.max_tokens < profile.window
    assert model.profile == profile


def test_a_stream_gives_pieces_and_then_the_whole(model):
    stream = model.stream("How long?", Sampling(max_tokens=8))
    assert iter(stream) is stream
    pieces = list(stream)
    assert all(pieces)
    assert len(pieces) > 1
    assert stream.completion.text == "".join(pieces) == (text_of(model) or "".join(pieces))
    assert stream.completion.finish in ("stop", "length")
    assert stream.completion.problem == ""
    assert list(stream) == []
    stream.close()
    assert stream.completion.text == "".join(pieces)


def test_complete_is_the_stream_read_to_its_end(model):
    sampling = Sampling(max_tokens=8)
    stream = model.stream("How long?", sampling)
    whole = "".join(stream)
    assert model.complete("How long?", sampling).text == whole
    assert model.complete("How long?", sampling) == stream.completion


def test_the_completion_waits_for_the_end(model):
    stream = model.stream("How long?", Sampling(max_tokens=8))
    with pytest.raises(RuntimeError, match="has not ended"):
        _ = stream.completion
    stream.close()


def test_a_closed_stream_is_incomplete_and_gives_no_more(model):
    stream = model.stream("How long?", Sampling(max_tokens=8))
    first = next(stream)
    stream.close()
    assert stream.completion == Completion(first, "incomplete", problem="It was cancelled.")
    assert list(stream) == []


def test_counts(model):
    nothing, some = model.count(""), model.count("a b")
    assert nothing.tokens == 0
    assert some.tokens > 0
    assert some.exact is not isinstance(model, ScriptedModel)
    assert model.count("a b") == some


def test_many_threads(model):
    texts = []
    sampling = Sampling(max_tokens=8)
    threads = [
        threading.Thread(target=lambda: texts.append(model.complete("How long?", sampling).text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [model.complete("How long?", sampling).text] * 8


def test_every_name_in_the_registry_can_be_loaded():
    assert LLMS.names() == ["extractive", "gguf", "openai", "scripted", "tgi"]
    for name in LLMS.names():
        assert callable(LLMS.load(name))


def test_the_scripted_model_plays_what_it_is_given(tmp_path):
    cut = Completion("Thir", "incomplete", problem="The stream was cut.")
    model = ScriptedModel(["one two three", cut, ModelUnreachable("No connection."), "four"])
    assert model.complete("a", Sampling(max_tokens=2)) == Completion("one two", "length", output_tokens=2)
    assert model.complete("b") == cut
    with pytest.raises(ModelUnreachable, match="No connection"):
        model.complete("c")
    assert model.complete("d").text == "four"
    assert model.prompts == ["a", "b", "c", "d"]
    path = tmp_path / "answers.json"
    path.write_text('["first", "second"]')
    replay = open_llm(f"scripted:{path}", "falconlite2")
    assert [replay.complete("x").text for _ in range(2)] == ["first", "second"]
    assert replay.profile.name == "falconlite2"
