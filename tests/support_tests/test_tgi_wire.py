"""The bytes of each version: routes, event forms, refusals, limits, what truncation and stop sequences do."""

from __future__ import annotations

import json
import socket
import threading
import time

import httpx
import pytest

from tests.support.tgi_server.limits import FALCONLITE, FALCONLITE2, Limits
from tests.support.tgi_server.templates import FALCONLITE2 as CHAT_TEMPLATE
from tests.support.tgi_server.versions import KNOWN, Version
from tests.support_tests.conftest import PROMPT

JSON = {"content-type": "application/json"}
ROUTES = {
    "/": {"GET", "POST"},
    "/generate": {"POST"},
    "/generate_stream": {"POST"},
    "/invocations": {"POST"},
    "/info": {"GET"},
    "/health": {"GET"},
    "/ping": {"GET"},
    "/metrics": {"GET"},
}
LATER = {
    "/tokenize": ("1.4.0", "POST"),
    "/v1/chat/completions": ("1.4.0", "POST"),
    "/v1/completions": ("1.4.4", "POST"),
    "/chat_tokenize": ("2.3.0", "POST"),
    "/v1/models": ("2.3.0", "GET"),
}


def post(server, body, path="/generate"):
    return httpx.post(server.url + path, json=body)


def asked(inputs=PROMPT, **parameters):
    return {"inputs": inputs, "parameters": {"max_new_tokens": 4, **parameters}}


def events(response):
    return [json.loads(line[5:]) for line in response.text.splitlines() if line.startswith("data:")]


@pytest.mark.parametrize("version", [*KNOWN, "1.4.0", "1.4.4", "2.3.0"])
def test_which_routes_there_are(start, version):
    with start(version) as server, httpx.Client(base_url=server.url) as client:
        for path, methods in ROUTES.items():
            other = "PUT" if "POST" in methods else "POST"
            assert client.request(other, path).status_code == 405
            assert client.request(min(methods), path).status_code != 404
        for path, (since, method) in LATER.items():
            missing = Version.parse(version) < Version.parse(since)
            assert (client.request(method, path).status_code == 404) == missing, path
        assert client.get("/nothing").content == b""


@pytest.mark.parametrize(("version", "prefix"), [("0.9.2", "data:{"), ("1.0.3", "data:{"), ("3.3.7", "data: {")])
def test_the_form_of_an_event(start, version, prefix):
    with start(version) as server:
        response = post(server, asked(details=True), "/generate_stream")
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["transfer-encoding"] == "chunked"
    parts = response.text.split("\n\n")
    assert parts.pop() == ""
    assert len(parts) == 4
    assert all(part.startswith(prefix) for part in parts)
    first, last = events(response)[0], events(response)[-1]
    assert first.get("index") == (1 if version == "3.3.7" else None)
    assert set(first["token"]) == {"id", "text", "logprob", "special"}
    assert (first["generated_text"], first["details"]) == (None, None)
    expected = {"finish_reason": "length", "generated_tokens": 4, "seed": None}
    assert last["details"] == expected | ({"input_length": 18} if version == "3.3.7" else {})
    assert last["generated_text"] == " old mill is blue"


def test_details_come_when_asked_for(start):
    with start() as server:
        assert events(post(server, asked(), "/generate_stream"))[-1]["details"] is None
        assert post(server, asked()).json() == {"generated_text": " old mill is blue"}
        details = post(server, asked(details=True)).json()["details"]
    assert set(details) == {"finish_reason", "generated_tokens", "seed", "prefill", "tokens"}
    assert details["prefill"] == []


def test_root_wraps_its_answer_and_switches_on_stream(start):
    with start() as server:
        whole = post(server, asked(), "/")
        streamed = post(server, asked() | {"stream": True}, "/")
        sagemaker = post(server, asked(), "/invocations")
    assert whole.json() == [{"generated_text": " old mill is blue"}] == sagemaker.json()
    assert events(streamed)[-1]["generated_text"] == " old mill is blue"


@pytest.mark.parametrize(
    ("version", "tag", "full"),
    [("1.0.3", None, False), ("3.3.7", None, True), ("1.0.3", "text-generation", True), ("3.3.7", "other", False)],
)
def test_the_prompt_comes_back_by_default_on_root_alone(start, version, tag, full):
    with start(version, pipeline_tag=tag) as server:
        assert post(server, asked(), "/").json()[0]["generated_text"].startswith(PROMPT) == full
        assert post(server, asked(return_full_text=False), "/").json()[0]["generated_text"] == " old mill is blue"
        assert post(server, asked()).json()["generated_text"] == " old mill is blue"
        asked_for = post(server, asked(return_full_text=True), "/generate_stream")
    assert events(asked_for)[-1]["generated_text"] == PROMPT + " old mill is blue"


@pytest.mark.parametrize(("version", "field"), [("1.0.3", "max_input_length"), ("3.3.7", "max_input_tokens")])
def test_info(start, version, field):
    with start(version, limits=FALCONLITE2) as server:
        info = httpx.get(server.url + "/info").json()
    assert (info[field], info["max_total_tokens"], info["version"]) == (24_000, 24_576, version)
    assert info["model_id"] == "lookup/model"
    assert ("model_dtype" in info, "router" in info) == (version == "1.0.3", version == "3.3.7")


@pytest.mark.parametrize(
    ("content", "headers", "status", "text"),
    [
        (b"{", JSON, 400, "Failed to parse the request body as JSON: expected value at line 1 column 1"),
        (b"", JSON, 400, "Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 0"),
        (b'{"inputs":NaN}', JSON, 400, "Failed to parse the request body as JSON: expected value at line 1 column 14"),
        (b"[" * 200 + b"]" * 200, JSON, 400, "recursion limit exceeded"),
        (b"{}", JSON, 422, "target type: missing field `inputs` at line 1 column 2"),
        (b"[]", JSON, 422, "invalid type: sequence, expected struct CompatGenerateRequest"),
        (b'{"inputs":5}', JSON, 422, "inputs: invalid type: integer `5`, expected a string at line 1 column 12"),
        (b'{"inputs":"a","parameters":null}', JSON, 422, "invalid type: null, expected struct GenerateParameters"),
        (b'{"inputs":"a","parameters":{"stop":null}}', JSON, 422, "parameters.stop: invalid type: null, expected a"),
        (b'{"inputs":"a","parameters":{"seed":-1}}', JSON, 422, "invalid value: integer `-1`, expected u64"),
        (b'{"inputs":"a","parameters":{"top_k":1.5}}', JSON, 422, "invalid type: floating point `1.5`, expected i32"),
        (b'{"inputs":"a","parameters":{"details":"x"}}', JSON, 422, 'invalid type: string "x", expected a boolean'),
        (b"{}", {}, 415, "Expected request with `Content-Type: application/json`"),
        (b" " * 2_000_001, JSON, 413, "Failed to buffer the request body: length limit exceeded"),
    ],
)
def test_what_the_framework_refuses_is_plain_text(start, content, headers, status, text):
    with start() as server:
        response = httpx.post(server.url + "/generate", content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert text in response.text


def test_a_length_of_null_is_understood_from_1_1_1_on(start):
    with start("1.0.3") as server:
        assert "max_new_tokens: invalid type: null, expected u32" in post(server, asked(max_new_tokens=None)).text
    with start("3.3.7", limits=Limits(max_input_tokens=20, max_total_tokens=24)) as server:
        answer = post(server, asked(max_new_tokens=None, details=True)).json()
    assert answer["details"]["generated_tokens"] == 24 - 18


@pytest.mark.parametrize(("version", "length"), [("1.0.3", 20), ("1.4.0", 100), ("3.3.7", 2048 - 18)])
def test_an_absent_length(start, version, length):
    with start(version) as server:
        answer = post(server, {"inputs": PROMPT, "parameters": {"details": True}})
    assert answer.json()["details"]["generated_tokens"] == length


def test_absent_parameters_sample_from_1_4_on(start):
    for version, sampled in (("1.0.3", False), ("3.3.7", True)):
        with start(version, limits=Limits(max_input_tokens=20, max_total_tokens=40)) as server:
            last = httpx.post(server.url + "/generate", json={"inputs": PROMPT})
            seeded = post(server, {"inputs": PROMPT, "parameters": {"details": True}}).json()["details"]["seed"]
        assert last.status_code == 200
        assert seeded is None  # {} is greedy in every version
        with start(version) as server:
            texts = {httpx.post(server.url + "/generate", json={"inputs": "a b"}).text for _ in range(3)}
        assert (len(texts) > 1) == sampled


INVALID = [
    ({"best_of": 2}, "you must use sampling when `best_of` is > 1"),
    ({"best_of": 3, "do_sample": True}, "`best_of` must be > 0 and <= 2. Given: 3"),
    ({"temperature": 0}, "`temperature` must be strictly positive"),
    ({"repetition_penalty": 0.0}, "`repetition_penalty` must be strictly positive"),
    ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 0.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": 0}, "`top_k` must be strictly positive"),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
    ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ({"seed": 1, "best_of": 2, "do_sample": True}, "`seed` must not be set when `best_of` > 1"),
    ({"top_n_tokens": 6}, "`top_n_tokens` must be >= 0 and <= 5. Given: 6"),
    ({"truncate": 1025}, "`truncate` must be strictly positive and less than 1024. Given: 1025"),
    ({"truncate": 0}, "`truncate` must be strictly positive and less than 1024. Given: 0"),
    (
        {"max_new_tokens": 2031},
        "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 18 `inputs` tokens and 2031 `max_new_tokens`",
    ),
]


@pytest.mark.parametrize(("parameters", "message"), INVALID)
def test_what_is_not_valid_and_how_a_stream_says_so(start, parameters, message):
    body = {"error": f"Input validation error: {message}", "error_type": "validation"}
    with start() as server:
        response = post(server, asked(**parameters))
        streamed = post(server, asked(**parameters), "/generate_stream")
    assert (response.status_code, response.json()) == (422, body)
    assert streamed.status_code == 200
    if "best_of" not in parameters:
        assert events(streamed) == [body]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"best_of": 2, "do_sample": True}, "`best_of` != 1 is not supported when streaming tokens"),
        ({"decoder_input_details": True}, "`decoder_input_details` == true is not supported when streaming tokens"),
    ],
)
def test_what_a_stream_cannot_do(start, parameters, message):
    with start() as server:
        (event,) = events(post(server, asked(**parameters), "/generate_stream"))
        assert post(server, asked(**parameters)).status_code == 200
    assert event["error"] == f"Input validation error: {message}"


def test_the_first_of_several_mistakes_is_named(start):
    mistakes = {"temperature": 0, "top_p": 1.0, "max_new_tokens": 0}
    with start() as server:
        assert "`temperature`" in post(server, {"inputs": "", "parameters": mistakes}).text
        assert "`top_p`" in post(server, {"inputs": "", "parameters": mistakes | {"temperature": 1}}).text
        assert "`inputs` cannot be empty" in post(server, {"inputs": "", "parameters": {}}).text


def test_the_sum_is_checked_before_the_input_and_what_just_fits_runs(start):
    limits = Limits(max_input_tokens=18, max_total_tokens=22)
    with start(limits=limits) as server:
        assert post(server, asked(max_new_tokens=4)).status_code == 200
        assert "must be <= 22. Given: 18 `inputs`" in post(server, asked(max_new_tokens=5)).text
        longer = {"inputs": PROMPT + " the", "parameters": {"max_new_tokens": 3}}
        assert "must have less than 18 tokens. Given: 19" in post(server, longer).text


def test_the_count_in_the_refusal_serves_as_a_counter_before_3_0(start):
    with start("1.0.3", limits=FALCONLITE2) as server:
        text = post(server, asked(max_new_tokens=FALCONLITE2.max_total_tokens)).text
    assert "Given: 18 `inputs` tokens and 24576 `max_new_tokens`" in text
    with start("3.3.7", limits=FALCONLITE2) as server:  # where only 1,024 of them are checked
        answer = post(server, asked(max_new_tokens=24_576, stop=["blue"], details=True)).json()
    assert answer["details"]["finish_reason"] == "stop_sequence"


def test_limits_that_a_launcher_refuses():
    with pytest.raises(ValueError, match=r"`max_input_length` \(5\) must be < `max_total_tokens` \(5\)"):
        Limits(max_input_tokens=5, max_total_tokens=5)
    assert FALCONLITE.max_total_tokens - FALCONLITE.max_input_tokens == 1


def test_truncation_drops_the_beginning(start, engine):
    prompt = f"<|prompter|>{PROMPT}<|endoftext|><|assistant|>"
    ids = engine.tokenizer.encode(prompt).ids
    with start() as server:
        request = asked(prompt, truncate=5, decoder_input_details=True)
        kept = post(server, request).json()["details"]["prefill"]
    assert [token["id"] for token in kept] == ids[-5:]
    assert [token["text"] for token in kept][-2:] == ["<|endoftext|>", "<|assistant|>"]
    assert kept[0]["logprob"] is None
    assert all(token["logprob"] < 0 for token in kept[1:])


def test_special_tokens_inside_a_text_are_special(start, engine):
    text = "blue<|endoftext|><|assistant|>"
    with start("3.3.7") as server:
        tokens = post(server, {"inputs": text}, "/tokenize").json()
    special = [token for token in tokens if token["text"] in {"<|endoftext|>", "<|assistant|>"}]
    assert [token["id"] for token in special] == [11, 13]
    assert "".join(text[token["start"] : token["stop"]] for token in tokens) == text
    assert [token["id"] for token in tokens] == engine.tokenizer.encode(text).ids


def test_a_stop_sequence_stays_in_the_text(start):
    with start() as server:
        answer = post(server, asked(stop=["is blue"], max_new_tokens=20, details=True)).json()
    assert answer["generated_text"] == " old mill is blue"
    assert (answer["details"]["finish_reason"], answer["details"]["generated_tokens"]) == ("stop_sequence", 4)


def test_a_stop_sequence_inside_a_token_is_missed(start):
    with start() as server:
        answer = post(server, asked(stop=["blu"], max_new_tokens=6, details=True)).json()
    assert answer["generated_text"] == " old mill is blue and the"
    assert answer["details"]["finish_reason"] == "length"


def test_length_wins_over_a_stop_sequence_and_over_the_end(start):
    with start() as server:
        stopped = post(server, asked(stop=["is blue"], max_new_tokens=4, details=True)).json()
        ended = post(server, asked("a red.<|endoftext|> red", max_new_tokens=2, details=True)).json()
    assert stopped["details"]["finish_reason"] == "length"
    assert ended["generated_text"] == "."
    assert ended["details"]["finish_reason"] == "length"


def test_characters_of_several_tokens_come_when_they_are_whole(start):
    word = "Ægir ☂ Ægir"
    with start() as server:
        streamed = events(post(server, asked(f"{word}. {word}", max_new_tokens=16), "/generate_stream"))
    texts = [event["token"]["text"] for event in streamed]
    assert "".join(texts) == streamed[-1]["generated_text"]
    assert "" in texts
    assert any("☂" in text for text in texts)
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(texts)


@pytest.mark.parametrize(("version", "known"), [("0.9.2", False), ("1.0.3", True), ("3.3.7", True)])
def test_the_likeliest_tokens(start, version, known):
    with start(version) as server:
        streamed = events(post(server, asked(top_n_tokens=2), "/generate_stream"))
        details = post(server, asked(top_n_tokens=2, details=True)).json()["details"]
    assert ("top_tokens" in details) == known == ("top_tokens" in streamed[0])
    if known:
        assert details["top_tokens"][0][0] == details["tokens"][0]
        best = [token["logprob"] for token in details["top_tokens"][0]]
        assert best == sorted(best, reverse=True)
        assert len(best) >= 2


@pytest.mark.parametrize(("version", "seconds"), [("1.0.3", False), ("3.3.7", True)])
def test_headers_of_an_answer(start, version, seconds):
    with start(version) as server:
        headers = post(server, asked()).headers
    assert headers["x-compute-characters"] == str(len(PROMPT))
    assert ("." in headers["x-compute-time"]) == seconds
    assert headers.get("x-prompt-tokens") == ("18" if seconds else None)
    assert headers.get("x-generated-tokens") == ("4" if seconds else None)
    assert int(headers["x-total-time"]) >= 0


def test_a_comment_in_every_silence(start):
    with start(limits=Limits(keep_alive=0.05), pause=0.12) as server:
        raw = post(server, asked(max_new_tokens=2), "/generate_stream").text
    before, _, rest = raw.partition("data:")
    assert before == ":\n\n" * 2
    assert rest.count(":\n\n") == 2
    assert rest.count("data:") == 1


def test_places_are_refused_at_once_and_given_back(start):
    with start(limits=Limits(max_concurrent_requests=1), pause=1.0) as server:
        first = threading.Thread(target=lambda: post(server, asked(max_new_tokens=3)))
        first.start()
        time.sleep(0.5)
        began = time.monotonic()
        refused = post(server, asked())
        streamed = events(post(server, asked(), "/generate_stream"))
        assert time.monotonic() - began < 2  # the first one takes 3
        first.join()
        assert post(server, asked(max_new_tokens=1)).status_code == 200
    assert (refused.status_code, refused.json()) == (
        429,
        {"error": "Model is overloaded", "error_type": "overloaded"},
    )
    assert "retry-after" not in refused.headers
    assert streamed == [refused.json()]


def test_best_of_takes_as_many_places_as_it_draws(start):
    with start(limits=Limits(max_concurrent_requests=1)) as server:
        assert post(server, asked(best_of=2, do_sample=True)).status_code == 429
        assert post(server, asked()).status_code == 200


def test_a_client_that_hangs_up_frees_its_place(start):
    with start(limits=Limits(max_concurrent_requests=1), pause=0.05) as server:
        with httpx.stream("POST", server.url + "/generate_stream", json=asked(max_new_tokens=1000)) as response:
            next(response.iter_lines())
        deadline = time.monotonic() + 2.0
        while not server.abandoned and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.abandoned == 1
        assert post(server, asked(max_new_tokens=1)).status_code == 200


def test_many_at_once(start):
    with start() as server, httpx.Client(base_url=server.url) as client:
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(client.post("/generate", json=asked()).json()))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [{"generated_text": " old mill is blue"}] * 16


def test_connections_are_kept(start):
    with start() as server:
        address = server.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1]))) as connection:
            for _ in range(2):
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")  # has no body


@pytest.mark.parametrize(("version", "guarded"), [("2.3.0", True), ("3.3.7", True)])
def test_a_key_guards_what_generates(start, version, guarded):
    with (
        start(version, api_key="k", chat_template=CHAT_TEMPLATE) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        for path in ("/", "/generate", "/generate_stream", "/tokenize", "/v1/completions", "/v1/chat/completions"):
            refused = client.post(path, json=asked())
            assert (refused.status_code, refused.content) == (401, b"")
        assert client.post("/generate", json=asked(), headers={"authorization": "Bearer k"}).status_code == 200
        assert client.post("/generate", json=asked(), headers={"authorization": "Bearer K"}).status_code == 401
        messages = {"messages": [{"role": "user", "content": "hi"}]}
        assert client.post("/chat_tokenize", json=messages).status_code == 200
        assert {client.get(path).status_code for path in ("/info", "/health", "/metrics", "/v1/models")} == {200}


def test_counters(start):
    with start() as server:
        post(server, asked())
        post(server, asked(temperature=0))
        lines = httpx.get(server.url + "/metrics").text.splitlines()
    assert {line for line in lines if not line.startswith("#") and line} == {
        "tgi_request_count 2",
        "tgi_request_success 1",
        "tgi_request_failure 1",
    }
