"""Connections and streams of a model server that break: a typed error or an answer marked as cut off, in time."""

from __future__ import annotations

import time

import pytest

from assistant.errors import (
    GenerationFailed,
    ModelOverloaded,
    ModelRequestRejected,
    ModelServerFailed,
    ModelTimeout,
    ModelUnreachable,
    NotAModelServer,
)
from assistant.llms import open_llm
from tests.support.faulty_servers import TIMEOUTS, assert_answered, assert_cut_off, assert_failed, outcome_of, whole
from tests.support.raw_server import RESET, chunk, free_port, stream_head

pytestmark = pytest.mark.usefixtures("short_pauses")


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
