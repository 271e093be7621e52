"""What a model server refuses, in status and words: a typed error, in time, without a secret."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from assistant.errors import (
    GenerationFailed,
    ModelAccessDenied,
    ModelOverloaded,
    ModelRequestRejected,
    ModelUnreachable,
    NotAModelServer,
    PromptOverflow,
)
from tests.support.faulty_servers import BUSY, KEY, LIMIT, assert_answered, assert_failed, outcome_of, whole
from tests.support.raw_server import http

pytestmark = pytest.mark.usefixtures("short_pauses")


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
