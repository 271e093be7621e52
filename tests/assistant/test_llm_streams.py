"""A stream of a model server and the one who reads it: which model answers, the key, ending it early."""

from __future__ import annotations

import time

import pytest

from assistant.errors import ModelMismatch, ModelTimeout
from assistant.llms import open_llm
from assistant.profiles import profile_named
from tests.support.faulty_servers import (
    KEY,
    LIMIT,
    TIMEOUTS,
    OpenAI,
    Tgi,
    ask,
    assert_answered,
    assert_failed,
    outcome_of,
    whole,
)
from tests.support.raw_server import http, serving, stream_head

pytestmark = pytest.mark.usefixtures("short_pauses")


def test_the_key_is_sent(protocol):
    with serving(protocol.routes([whole(protocol)])) as server:
        assert_answered(ask(protocol, server))
        assert server.to(protocol.route)[0].headers["authorization"] == f"Bearer {KEY}"


def test_b21_tgi_serves_another_model():
    with serving({"/info": [[http(200, {"model_id": "tiiuae/falcon-7b", "max_total_tokens": 2048})]]}) as server:
        model = open_llm(f"tgi:{server.url}", "falconlite2", timeouts=TIMEOUTS)
        with pytest.raises(
            ModelMismatch, match=r"'falconlite2' was asked for, but .* serves 'tiiuae/falcon-7b'"
        ) as raised:
            model.complete("Which?")
        assert raised.value.exit_code == 2
        assert open_llm(f"tgi:{server.url}", "falconlite2", any_model=True).profile.window == 2048


def test_b21_the_openai_server_lists_another_model():
    with (
        serving(OpenAI("chat").routes([])) as server,
        pytest.raises(ModelMismatch, match=r"'llama' was asked for, but .* serves 'served'"),
    ):
        open_llm(f"openai:{server.url}/v1#llama", timeouts=TIMEOUTS).complete("Which?")


def test_b21_another_model_answers():
    protocol = OpenAI("chat")
    other = protocol.piece("Hello").replace(b'"served"', b'"other"')
    outcome = outcome_of(protocol, [stream_head(), other])
    assert_failed(outcome, ModelMismatch, 1, "answers with 'other'")
    assert outcome_of(protocol, [stream_head(), other, protocol.end("")], any_model=True).completion.text == "Hello"


def test_closing_a_stream_ends_the_request(protocol):
    steps = [step for _ in range(100) for step in (protocol.piece("a "), 0.05)]
    with serving(protocol.routes([[stream_head(), *steps]])) as server:
        stream = protocol.open(server).stream("Which?")
        assert next(stream) == "a "
        stream.close()
        assert server.abandoned.wait(2.0)
    assert (stream.completion.text, stream.completion.finish) == ("a ", "incomplete")
    assert stream.completion.problem == "It was cancelled."


def test_dropping_a_stream_ends_the_request(protocol):
    steps = [step for _ in range(100) for step in (protocol.piece("a "), 0.05)]
    with serving(protocol.routes([[stream_head(), *steps]])) as server:
        model = protocol.open(server)
        for _ in model.stream("Which?"):
            break
        assert server.abandoned.wait(2.0)


def test_the_completion_of_a_running_stream_is_not_there_yet(protocol):
    with serving(protocol.routes([whole(protocol)])) as server:
        stream = protocol.open(server).stream("Which?")
        next(stream)
        with pytest.raises(RuntimeError, match="has not ended"):
            _ = stream.completion
        assert list(stream) == []
        assert stream.completion.finish == "stop"


def test_the_profile_is_asked_for_once(protocol):
    with serving(protocol.routes([whole(protocol)])) as server:
        model = protocol.open(server)
        assert model.profile == model.profile
        asked = len(server.requests)
        model.complete("Which?")
        assert len(server.requests) == asked + 1


def test_timeouts_of_the_profile_lookup(protocol):
    path = "/info" if isinstance(protocol, Tgi) else "/v1/models"
    with serving({path: [[10.0]]}) as server:
        started = time.monotonic()
        with pytest.raises(ModelTimeout, match=r"did not answer within 1 s"):
            _ = protocol.open(server).profile
        assert time.monotonic() - started < 2.0


def test_known_profiles_keep_their_own_window():
    assert profile_named("falconlite2").window == LIMIT
