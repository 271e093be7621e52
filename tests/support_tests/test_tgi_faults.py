"""Each of the 22 faults, as the bytes and pauses that a client meets."""

from __future__ import annotations

import json
import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.support.tgi_server.faults import CATALOGUE, Fault
from tests.support_tests.conftest import PROMPT

BODY = {"inputs": PROMPT, "parameters": {"max_new_tokens": 7, "details": True}}
STREAM = BODY | {"stream": True}
WORDS = [" old", " mill", " is", " blue", " and", " the", " roof"]


def post(server, body=STREAM, *, fault="", timeout=5.0, path="/"):
    return httpx.post(server.url + path, json=body, timeout=timeout, headers={"x-fault": fault} if fault else {})


def received(server, fault, body=STREAM, *, timeout=2.0):
    """The bytes of a body that came, and what ended it: an error's type, or None."""
    data = b""
    try:
        with httpx.stream("POST", server.with_fault(fault), json=body, timeout=timeout) as response:
            for piece in response.iter_raw():
                data += piece
    except httpx.TransportError as error:
        return data, type(error)
    return data, None


def words(data):
    lines = [line for line in data.decode().splitlines() if line.startswith("data:{")]
    return [json.loads(line[5:])["token"]["text"] for line in lines]


@pytest.fixture
def server(start):
    with start("1.0.3") as server:
        yield server


def test_all_22_are_there():
    assert list(CATALOGUE) == [f"b{number}" for number in range(1, 23)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("b6", Fault("b6")),
        ("B13:2*1", Fault("b13", "2", 1)),
        ("b14*3@all", Fault("b14", "", 3, everywhere=True)),
        ("b15", Fault("b15", "", 1)),
        ("b10:[1, 2]", Fault("b10", "[1, 2]")),
    ],
)
def test_how_a_fault_is_written(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("text", ["b23", "b0", "6", "b6:", "b6*x"])
def test_what_is_no_fault(text):
    with pytest.raises(ValueError, match="there is no fault"):
        Fault.parse(text)


def test_b1_refused(start):
    with start(fault="b1") as server, pytest.raises(httpx.ConnectError, match="refused"):
        post(server)


def test_b2_no_such_host(start):
    with start(fault="b2") as server:
        host = httpx.URL(server.url).host
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(host, 80)


@pytest.mark.parametrize("body", [STREAM, BODY])
def test_b3_silence_before_the_headers(server, body):
    with pytest.raises(httpx.ReadTimeout):
        post(server, body, fault="b3", timeout=0.3)


def test_b4_silence_after_the_first_token(server):
    data, end = received(server, "b4", timeout=2.0)
    assert (words(data), end) == (WORDS[:1], httpx.ReadTimeout)
    data, end = received(server, "b4", BODY, timeout=2.0)
    assert (data.startswith(b'[{"generated_text":'), end) == (True, httpx.ReadTimeout)


def test_b5_one_byte_at_a_time(server):
    pieces, began = [], time.monotonic()
    with httpx.stream("POST", server.with_fault("b5:0.02"), json=STREAM, timeout=1.0) as response:
        for piece in response.iter_raw():
            pieces.append(piece)
            if len(pieces) == 20:
                break
    assert b"".join(pieces)[:10] == b'data:{"tok'
    assert time.monotonic() - began > 19 * 0.02


def test_b6_end_without_a_trace(server):
    assert received(server, "b6")[1] is None
    assert words(received(server, "b6")[0]) == WORDS[:3]
    data, end = received(server, "b6", BODY)
    assert end is None
    with pytest.raises(json.JSONDecodeError):
        json.loads(data)


def test_b7_end_inside_a_chunk(server):
    data, end = received(server, "b7")
    assert end is httpx.RemoteProtocolError
    assert words(data[: data.rindex(b"\n\n")]) == WORDS[:3]


def test_b8_reset(server):
    data, end = received(server, "b8")
    assert end is httpx.ReadError
    assert len(words(data)) <= 3  # a reset may overtake what was sent


def test_b9_an_error_event(server):
    data, end = received(server, "b9")
    *tokens, last = [json.loads(line[5:]) for line in data.decode().splitlines() if line]
    assert ([token["token"]["text"] for token in tokens], end) == (WORDS[:3], None)
    assert last == {"error": "Request failed during generation: CUDA out of memory", "error_type": "generation"}
    assert b'"error_type":"overloaded"' in received(server, "b9:overloaded")[0]
    assert post(server, BODY, fault="b9").status_code == 424


@pytest.mark.parametrize(("variant", "line"), [("", b"data:{not json}\n\n"), (":[]", b"data:[]\n\n")])
def test_b10_an_event_that_is_no_json(server, variant, line):
    data, end = received(server, f"b10{variant}")
    assert end is None
    assert data.split(b"\n\n")[1] + b"\n\n" == line
    assert words(data.replace(line, b"")) == WORDS


def test_b11_noise_between_the_events(server):
    data, _ = received(server, "b11")
    assert data.count(b"event: ping\ndata:\n\n") == len(WORDS) + 1
    assert words(data) == WORDS


@pytest.mark.parametrize(("variant", "line_end"), [("", b"\r\n"), (":cr", b"\r")])
def test_b12_other_line_ends_and_split_characters(server, variant, line_end):
    with httpx.stream("POST", server.with_fault(f"b12{variant}"), json=STREAM) as response:
        data = b"".join(response.iter_raw())
    assert data.startswith(b"\xef\xbb\xbfdata:")
    assert data.count(line_end) == 2 * len(WORDS)
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert words(data.removeprefix(b"\xef\xbb\xbf").replace(line_end, b"\n")) == WORDS


@pytest.mark.parametrize(
    ("variant", "value"), [("", None), (":2", "2"), (":-1", "-1"), (":soon", "soon"), (":1000000000", "1000000000")]
)
def test_b13_overloaded(server, variant, value):
    response = post(server, fault=f"b13{variant}")
    assert (response.status_code, response.headers.get("retry-after")) == (429, value)
    assert response.json() == {"error": "Model is overloaded", "error_type": "overloaded"}


def test_b13_until_a_date(server):
    until = parsedate_to_datetime(post(server, fault="b13:date").headers["retry-after"]).timestamp()
    assert 0 < until - time.time() <= 2.0


def test_b14_a_page_from_a_gateway(server):
    response = post(server, fault="b14")
    assert (response.status_code, response.headers["content-type"]) == (503, "text/html")
    assert httpx.get(server.with_fault("b14@all") + "/info").status_code == 503
    assert httpx.get(server.with_fault("b14") + "/info").status_code == 200


def test_b15_fails_once(start):
    with start(fault="b15:502") as server:
        assert [post(server).status_code for _ in range(3)] == [502, 200, 200]
        assert len(server.to("/")) == 3


def test_a_fault_for_the_first_requests(start):
    with start(fault="b13*2") as server:
        assert [post(server).status_code for _ in range(3)] == [429, 429, 200]


def test_b16_generation_failed(server):
    response = post(server, fault="b16")
    assert (response.status_code, response.json()["error_type"]) == (424, "generation")


@pytest.mark.parametrize("path", ["/", "/generate"])
def test_b17_too_long_beyond_what_info_tells(server, path):
    message = "`inputs` tokens + `max_new_tokens` must be <= 24. Given: 18 `inputs` tokens and 7 `max_new_tokens`"
    refused = post(server, BODY, fault="b17:24", path=path)
    assert refused.status_code == 422
    assert refused.json()["error"] == f"Input validation error: {message}"
    assert post(server, BODY, fault="b17:25", path=path).status_code == 200
    streamed = post(server, fault="b17:24")
    assert (streamed.status_code, message in streamed.text) == (200, True)
    assert httpx.get(server.with_fault("b17:24") + "/info").json()["max_total_tokens"] == 2048


def test_b17_on_the_routes_of_openai(start):
    body = {"prompt": PROMPT, "max_tokens": 7, "temperature": 0}
    with start("3.3.7") as server:
        assert post(server, body, fault="b17:24", path="/v1/completions").status_code == 422
        assert post(server, body, fault="b17:25", path="/v1/completions").status_code == 200


def test_b18_too_large(server):
    response = post(server, fault="b18")
    assert (response.status_code, response.text[:25]) == (413, "Failed to buffer the requ")


@pytest.mark.parametrize(
    ("variant", "status", "body"), [("", 200, b"<html>"), (":empty", 200, b""), (":204", 204, b"")]
)
def test_b19_not_a_model_server(server, variant, status, body):
    response = post(server, fault=f"b19{variant}")
    assert (response.status_code, response.content[:6]) == (status, body)


def test_b20_no_end(server):
    size = 0
    with httpx.stream("POST", server.with_fault("b20"), json=STREAM) as response:
        for piece in response.iter_raw():
            size += len(piece)
            if size > 200_000:
                break
    assert size > 200_000


def test_b21_another_model(start):
    with start("3.3.7", fault="b21:other/one") as server:
        assert httpx.get(server.url + "/info").json()["model_id"] == "other/one"
        assert httpx.get(server.url + "/v1/models").json()["data"][0]["id"] == "other/one"
        body = {"prompt": PROMPT, "max_tokens": 2, "temperature": 0}
        assert httpx.post(server.url + "/v1/completions", json=body).json()["model"] == "other/one"
        assert post(server, body | {"stream": True}, path="/v1/completions").text.count("other/one") == 2


@pytest.mark.parametrize(("variant", "status"), [("", 401), (":403", 403)])
def test_b22_no_access(server, variant, status):
    response = post(server, fault=f"b22{variant}")
    assert (response.status_code, response.content) == (status, b"")


def test_a_server_ends_with_clients_waiting(start):
    """Hanging faults do not hold up the end of the block."""
    with start(fault="b3") as server:
        host, port = server.url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)))
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        while not server.requests:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    connection.close()
