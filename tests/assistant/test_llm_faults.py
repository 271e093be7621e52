"""Every way in which a model server fails: a typed error or an answer marked as cut off, in time, without a secret."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import formatdate

import pytest

from assistant.answers import Sampling
from assistant.errors import (
    GenerationFailed,
    ModelAccessDenied,
    ModelMismatch,
    ModelOverloaded,
    ModelRequestRejected,
    ModelServerFailed,
    ModelTimeout,
    ModelUnreachable,
    NotAModelServer,
    PromptOverflow,
    ServedModelError,
)
from assistant.llms import open_llm
from assistant.llms.deadline import Timeouts
from assistant.profiles import profile_named
from tests.support.raw_server import RESET, chunk, free_port, http, serving, stream_head

KEY = "sk-canary-4711"
TIMEOUTS = Timeouts(total=2.0, connect=0.5, first_token=0.5, between_tokens=0.4, facts=1.0)
LIMIT = 24_576


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr("assistant.llms.retrying.BASE", 0.01)


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


@pytest.fixture(params=[Tgi(), OpenAI("plain"), OpenAI("chat")], ids=["tgi", "openai raw", "openai chat"])
def protocol(request):
    return request.param


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


def test_a_whole_answer(protocol):
    assert_answered(outcome_of(protocol, whole(protocol)))


@pytest.mark.parametrize("place", ["tgi:http://127.0.0.1:{port}", "openai:http://127.0.0.1:{port}/v1"])
def test_b1_refused(place):
    model = open_llm(place.format(port=free_port()), timeouts=TIMEOUTS)
    with pytest.raises(ModelUnreachable, match=r"No connection to http://127.0.0.1:\d+.*Tried 3 times") as raised:
        model.complete("Which?")
    assert raised.value.attempts == 3
    assert raised.value.exit_code == 5


@pytest.mark.parametrize("place", ["tgi:http://model.invalid:8080", "openai:http://model.invalid:8080/v1"])
def test_b2_no_such_host(place):
    started = time.monotonic()
    with pytest.raises((ModelUnreachable, ModelTimeout), match=r"model\.invalid"):
        open_llm(place, timeouts=TIMEOUTS).complete("Which?")
    assert time.monotonic() - started <= TIMEOUTS.total + 1.0


def test_b3_nothing_before_the_headers(protocol):
    outcome = outcome_of(protocol, [10.0])
    assert_failed(outcome, ModelTimeout, 1, "sent no token within 0.5 s")
    assert 0.4 < outcome.seconds < 1.5


def test_b4_nothing_after_the_first_token(protocol):
    outcome = outcome_of(protocol, [stream_head(), protocol.piece("Thirty"), 10.0])
    assert_cut_off(outcome, "Thirty", "sent no token within 0.4 s")
    assert outcome.seconds < 1.5


def test_b5_one_byte_at_a_time(protocol):
    event = protocol.piece("Thirty")
    slow = [step for byte in event for step in (bytes([byte]), 0.02)]
    outcome = outcome_of(protocol, [stream_head(), *slow, protocol.end("Thirty")])
    assert_failed(outcome, ModelTimeout, 1, "sent no token")
    assert outcome.seconds < 1.5


def test_b5_one_token_at_a_time_for_ever_ends_at_the_deadline(protocol):
    steps = [step for _ in range(100) for step in (protocol.piece("a"), 0.1)]
    outcome = outcome_of(protocol, [stream_head(), *steps])
    assert outcome.completion.finish == "incomplete"
    assert "before the time limit of 2 s" in outcome.completion.problem
    assert 1.9 < outcome.seconds < 3.0
    assert 5 < len(outcome.shown) < 30


def test_b5_comments_are_no_sign_of_life(protocol):
    outcome = outcome_of(protocol, [stream_head(), *[b":\n\n", 0.1] * 50])
    assert_failed(outcome, ModelTimeout, 1, "sent no token")


def test_b6_end_without_the_final_event(protocol):
    outcome = outcome_of(protocol, [stream_head(), protocol.piece("Thirty"), protocol.piece(" days")])
    assert_cut_off(outcome, "Thirty days", "closed the stream before its final event")


def test_b6_end_without_any_event_is_tried_again(protocol):
    assert_failed(
        outcome_of(protocol, [stream_head()]), ModelServerFailed, 3, "before its final event. (Tried 3 times.)"
    )


def test_b7_end_inside_a_chunk(protocol):
    cut = chunk(protocol.piece(" days"))[:-9]
    outcome = outcome_of(protocol, [stream_head(chunked=True), chunk(protocol.piece("Thirty")), cut])
    assert_cut_off(outcome, "Thirty", "No connection to")


def test_b8_reset(protocol):
    outcome = outcome_of(protocol, [stream_head(), protocol.piece("Thirty"), 0.1, RESET])
    assert_cut_off(outcome, "Thirty", "http://127.0.0.1:")


def test_b8_reset_before_the_first_token_is_tried_again(protocol):
    outcome = outcome_of(protocol, [RESET], [RESET], whole(protocol))
    assert_answered(outcome)
    assert outcome.attempts == 3


def test_b9_error_event_at_the_end(protocol):
    outcome = outcome_of(
        protocol, [stream_head(), protocol.piece("Thirty"), protocol.failure("CUDA out of memory", "generation")]
    )
    assert_cut_off(outcome, "Thirty", "CUDA out of memory (424)")


@pytest.mark.parametrize(
    ("kind", "error", "attempts"),
    [("validation", ModelRequestRejected, 1), ("overloaded", ModelOverloaded, 3), ("generation", GenerationFailed, 2)],
)
def test_b9_error_event_at_once(protocol, kind, error, attempts):
    outcome = outcome_of(protocol, [stream_head(), protocol.failure("no, not now", kind)])
    assert_failed(outcome, error, attempts, "says: no, not now")


@pytest.mark.parametrize("data", [b"{not json}", b'["a list"]', b'"text"', b"\xff\xfe"])
def test_b10_events_that_are_no_json_objects(protocol, data):
    outcome = outcome_of(protocol, [stream_head(), protocol.piece("Thirty"), b"data: " + data + b"\n\n"])
    assert_cut_off(outcome, "Thirty", "sent an event that is no")
    outcome = outcome_of(protocol, [stream_head(), b"data: " + data + b"\n\n"])
    assert_failed(outcome, NotAModelServer, 1, "sent an event that is no")


def test_b11_comments_pings_and_empty_data(protocol):
    noise = b":\n\nevent: ping\ndata:\n\nid: 4\nretry: 10\n\ndata\n\n: still there\n\n"
    steps = [stream_head(), noise, protocol.piece("Thirty"), noise, protocol.piece(" days."), noise]
    assert_answered(outcome_of(protocol, [*steps, protocol.end("Thirty days.")]))


def test_b12_other_line_ends_a_byte_order_mark_and_split_characters(protocol):
    stream = b"\xef\xbb\xbf" + protocol.piece("Grüße, ") + protocol.piece("東京 🗼") + protocol.end("Grüße, 東京 🗼")
    for line_end in (b"\r\n", b"\r", b"\n"):
        shaped = stream.replace(b"\n", line_end)
        steps = [step for start in range(0, len(shaped), 7) for step in (shaped[start : start + 7], 0.001)]
        assert_answered(outcome_of(protocol, [stream_head(), *steps]), "Grüße, 東京 🗼")


BUSY = {"error": "Model is overloaded", "error_type": "overloaded"}


def test_b13_overloaded_without_a_time_to_wait(protocol):
    outcome = outcome_of(protocol, [http(429, BUSY)])
    assert_failed(outcome, ModelOverloaded, 3, "Model is overloaded (429).")


def test_b13_waits_as_long_as_the_server_asks(protocol):
    outcome = outcome_of(protocol, [http(429, BUSY, Retry_After="1")], whole(protocol))
    assert_answered(outcome)
    assert outcome.attempts == 2
    assert 1.0 <= outcome.seconds < 2.0


def test_b13_a_wait_beyond_the_deadline_fails_now(protocol):
    outcome = outcome_of(protocol, [http(429, BUSY, Retry_After="1000000000")], whole(protocol))
    assert_failed(outcome, ModelOverloaded, 1, "Model is overloaded")
    assert outcome.error.retry_after == 1e9
    assert outcome.seconds < 0.5


def test_b13_a_date_in_the_past_means_now(protocol):
    outcome = outcome_of(
        protocol, [http(429, BUSY, Retry_After=formatdate(1_000_000_000, usegmt=True))], whole(protocol)
    )
    assert_answered(outcome)
    assert outcome.seconds < 0.5


@pytest.mark.parametrize("value", ["-1", "soon", "1e400", ""])
def test_b13_what_cannot_be_read_is_no_wait(protocol, value):
    outcome = outcome_of(protocol, [http(429, BUSY, Retry_After=value)], whole(protocol))
    assert_answered(outcome)
    assert outcome.seconds < 0.5


def test_b14_unavailable_with_a_page(protocol):
    page = b"<html><body>nginx: no live upstreams</body></html>"
    outcome = outcome_of(protocol, [http(503, page, "text/html")])
    assert_failed(outcome, ModelOverloaded, 3, "Service Unavailable (503).")
    assert "<" not in str(outcome.error)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_b15_fails_and_then_answers(protocol, status):
    outcome = outcome_of(protocol, [http(status, b"oops", "text/plain")], whole(protocol))
    assert_answered(outcome)
    assert outcome.attempts == 2


def test_b16_generation_failed_is_tried_once_more(protocol):
    body = {"error": "Request failed during generation: NaN", "error_type": "generation"}
    assert_failed(outcome_of(protocol, [http(424, body)]), GenerationFailed, 2, "NaN (424).")


TOO_LONG = [  # (status, the server's words, tokens given, tokens allowed)
    (
        422,  # TGI
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 24576. "
        "Given: 24500 `inputs` tokens and 512 `max_new_tokens`",
        24_500,
        LIMIT,
    ),
    (422, "Input validation error: `inputs` must have less than 24000 tokens. Given: 24077", 24_077, 24_000),
    (
        400,  # vLLM, before and after the wording changed
        "This model's maximum context length is 8192 tokens. However, you requested 8703 tokens "
        "(8191 in the messages, 512 in the completion). Please reduce the length",
        8191,
        8192,
    ),
    (
        400,
        "This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens.",
        9000,
        8192,
    ),
    (
        400,
        "This model's maximum context length is 6000 tokens. However, you requested 512 output tokens and your prompt "
        "contains at least 5489 input tokens.",
        5489,
        6000,
    ),
    (
        400,
        "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
        61_709,
        40_960,
    ),  # SGLang
    (
        400,
        "Requested token count exceeds the model's maximum context length of 202752 tokens. You requested a total of "
        "202941 tokens: 170941 tokens from the input messages and 32000 tokens for the completion.",
        170_941,
        202_752,
    ),
    (400, "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it", 9412, 8192),
    (400, "the prompt does not fit the context window", None, None),
]


@pytest.mark.parametrize(("status", "message", "given", "limit"), TOO_LONG)
def test_b17_too_long(protocol, status, message, given, limit):
    outcome = outcome_of(protocol, [http(status, {"error": message, "error_type": "validation"})])
    assert_failed(outcome, PromptOverflow, 1, message[:40])
    assert (outcome.error.given, outcome.error.limit) == (given, limit)
    assert outcome.error.exit_code == 6


def test_b18_body_too_large(protocol):
    text = b"Failed to buffer the request body: length limit exceeded"
    outcome = outcome_of(protocol, [http(413, text, "text/plain; charset=utf-8")])
    assert_failed(outcome, ModelRequestRejected, 1, "length limit exceeded (413).")


@pytest.mark.parametrize(
    ("reply", "match"),
    [
        (http(200, b"<html><form>Sign in</form></html>", "text/html"), "text/html instead of text/event-stream"),
        (http(200, b"", "application/json"), "application/json instead of"),
        (http(200, {"generated_text": "hi"}), "application/json instead of"),
        (http(204, b""), "(204)"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/login\r\nContent-Length: 0\r\n\r\n",
            "sends on to another",
        ),
    ],
)
def test_b19_success_that_is_none(protocol, reply, match):
    outcome = outcome_of(protocol, [reply])
    assert isinstance(outcome.error, (NotAModelServer, ModelRequestRejected))
    assert match in str(outcome.error)
    assert outcome.attempts == 1


def test_b19_what_is_no_http(protocol):
    outcome = outcome_of(protocol, [b"SSH-2.0-OpenSSH_9.6\r\n"])
    assert_failed(outcome, ModelUnreachable, 3, "No connection to")


def test_b20_an_answer_without_end(protocol, monkeypatch):
    monkeypatch.setattr("assistant.llms.streaming.MAX_ANSWER", 10_000)
    outcome = outcome_of(protocol, [stream_head(), *[protocol.piece("la " * 300)] * 40, 10.0])
    assert outcome.completion.finish == "incomplete"
    assert "more than 10,000 characters without an end" in outcome.completion.problem
    assert 9_000 <= len(outcome.completion.text) <= 10_000


def test_b20_an_event_without_end(protocol):
    steps = [b"x" * 100_000] * 30
    outcome = outcome_of(protocol, [stream_head(), protocol.piece("Thirty"), b"data: ", *steps, 10.0])
    assert_cut_off(outcome, "Thirty", "An event is longer than 1,000,000 characters")


@pytest.mark.parametrize("status", [401, 403])
def test_b22_access_denied(protocol, status):
    body = {
        "error": {"message": f"Incorrect API key provided: {KEY}.\x1b[31m See the portal.", "code": "invalid_api_key"}
    }
    outcome = outcome_of(protocol, [http(status, body)])
    assert_failed(outcome, ModelAccessDenied, 1, "Incorrect API key provided: •••.")
    assert "\x1b" not in str(outcome.error)


def test_b22_access_denied_without_a_word(protocol):
    outcome = outcome_of(protocol, [b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"])
    assert_failed(outcome, ModelAccessDenied, 1, "Unauthorized (401). Give the right API key.")


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
