"""Model servers of two protocols as bytes, and what a caller gets of them, for the tests of their faults."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from assistant.answers import Sampling
from assistant.errors import ServedModelError
from assistant.llms import open_llm
from assistant.llms.deadline import Timeouts
from tests.support.raw_server import http, serving, stream_head

KEY = "sk-canary-4711"
TIMEOUTS = Timeouts(total=2.0, connect=0.5, first_token=0.5, between_tokens=0.4, facts=1.0)
LIMIT = 24_576
BUSY = {"error": "Model is overloaded", "error_type": "overloaded"}


@dataclass(frozen=True)
class Tgi:
    """TGI 1.0.3 as bytes."""

    route = "/"

    def routes(self, replies):
        info = {"model_id": "amazon/FalconLite2", "max_input_length": 24_000, "max_total_tokens": LIMIT}
        return {"/info": [[http(200, info)]], self.route: replies}

    def open(self, server, **options):
        return open_llm(f"tgi:{server.url}", key=KEY, timeouts=TIMEOUTS, **options)

    def data(self, text, final=None):
        details = {"finish_reason": "eos_token", "generated_tokens": 3, "seed": None}
        return {
            "token": {"id": 7, "text": text, "logprob": -0.5, "special": False},
            "generated_text": final,
            "details": None if final is None else details,
        }

    def piece(self, text):
        return f"data:{json.dumps(self.data(text))}\n\n".encode()

    def end(self, text):
        return f"data:{json.dumps(self.data('', final=text))}\n\n".encode()

    def failure(self, message, kind):
        return f"data:{json.dumps({'error': message, 'error_type': kind})}\n\n".encode()


@dataclass(frozen=True)
class OpenAI:
    """vLLM as bytes: raw completions with a template of ours, or chat."""

    profile: str

    @property
    def route(self):
        return "/v1/chat/completions" if self.profile == "chat" else "/v1/completions"

    def routes(self, replies):
        entry = {"id": "served", "object": "model", "owned_by": "vllm", "max_model_len": LIMIT}
        return {"/v1/models": [[http(200, {"object": "list", "data": [entry]})]], self.route: replies}

    def open(self, server, **options):
        return open_llm(f"openai:{server.url}/v1", self.profile, key=KEY, timeouts=TIMEOUTS, **options)

    def data(self, text, finish=None):
        choice = {"index": 0, "finish_reason": finish}
        choice |= {"delta": {"content": text}} if self.profile == "chat" else {"text": text}
        return {"model": "served", "choices": [choice]}

    def piece(self, text):
        return f"data: {json.dumps(self.data(text))}\n\n".encode()

    def end(self, text):
        return f"data: {json.dumps(self.data('', finish='stop'))}\n\ndata: [DONE]\n\n".encode()

    def failure(self, message, kind):
        status = {"validation": 422, "overloaded": 429, "generation": 424}[kind]
        return f"data: {json.dumps({'error': {'message': message, 'http_status_code': status}})}\n\n".encode()


PROTOCOLS = {"tgi": Tgi(), "openai raw": OpenAI("plain"), "openai chat": OpenAI("chat")}


@dataclass
class Outcome:
    """What a caller got: the pieces shown, and the completion or the error; `seconds` from the call on."""

    shown: list[str]
    completion: object
    error: ServedModelError | None
    seconds: float
    attempts: int


def ask(protocol, server, **options):
    model = protocol.open(server, **options)
    assert model.profile.window == min(LIMIT, model.profile.window)
    started = time.monotonic()
    shown, completion, error = [], None, None
    try:
        stream = model.stream("Which?", Sampling(max_tokens=50))
        shown.extend(stream)
        completion = stream.completion
    except ServedModelError as raised:
        error = raised
    seconds = time.monotonic() - started
    said = str(error or "") + repr(completion)
    assert KEY not in said
    assert seconds <= TIMEOUTS.total + 1.0
    return Outcome(shown, completion, error, seconds, len(server.to(protocol.route)))


def outcome_of(protocol, *replies, **options):
    with serving(protocol.routes(replies)) as server:
        return ask(protocol, server, **options)


def whole(protocol, text="Thirty days."):
    return [stream_head(), protocol.piece(text), protocol.end(text)]


def assert_answered(outcome, text="Thirty days."):
    assert outcome.error is None
    assert (outcome.completion.text, outcome.completion.finish) == (text, "stop")
    assert "".join(outcome.shown) == text


def assert_cut_off(outcome, text, because):
    assert outcome.error is None
    assert (outcome.completion.text, outcome.completion.finish) == (text, "incomplete")
    assert because in outcome.completion.problem
    assert "".join(outcome.shown) == text
    assert outcome.attempts == 1  # what was shown cannot be taken back


def assert_failed(outcome, kind, attempts, match):
    assert type(outcome.error) is kind
    assert match in str(outcome.error)
    assert outcome.shown == []
    assert outcome.attempts == attempts
    assert outcome.error.attempts == attempts
