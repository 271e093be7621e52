"""Every answer of 3.3.7 keeps TGI's own OpenAPI document, with two differences that TGI itself has."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.tgi_server.templates import FALCONLITE2 as CHAT_TEMPLATE
from tests.support_tests.conftest import PROMPT, SENTENCE

MESSAGES = [{"role": "assistant", "content": SENTENCE}, {"role": "user", "content": "and?"}]
CHAT = {"messages": MESSAGES, "max_tokens": 4, "temperature": 0}


@pytest.fixture
def client(start):
    with (
        start("3.3.7", chat_template=CHAT_TEMPLATE, prefill_logprobs=True) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def asked(**parameters):
    return {"inputs": PROMPT, "parameters": {"max_new_tokens": 4, "details": True, **parameters}}


def events(response):
    lines = (line.removeprefix("data: ") for line in response.text.splitlines() if line)
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_the_schemas_can_find_a_mistake(openapi):
    assert "$.model_id: 5 is not of type 'string'" in openapi.problems({"model_id": 5}, "Info")
    assert openapi.problems({"error": "x", "error_type": "y"}, "ErrorResponse") == []
    token = {"id": 1, "text": "x", "logprob": None, "special": False}
    assert openapi.problems(token, "Token") == []  # nullable is heeded
    assert openapi.problems(token | {"id": -1}, "Token") != []


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"decoder_input_details": True},
        {"top_n_tokens": 3},
        {"do_sample": True, "best_of": 2, "top_k": 5},
        {"details": False},
        {"stop": ["is blue"], "seed": 3, "temperature": 0.5},
    ],
)
def test_answers(client, openapi, parameters):
    response = client.post("/generate", json=asked(**parameters))
    assert response.status_code == 200
    assert openapi.problems(response.json(), "GenerateResponse") == []
    (wrapped,) = client.post("/", json=asked(**parameters)).json()
    assert openapi.problems(wrapped, "GenerateResponse") == []


@pytest.mark.parametrize("parameters", [{}, {"details": False}, {"top_n_tokens": 2}, {"do_sample": True}])
def test_stream_events(client, openapi, parameters):
    streamed = events(client.post("/generate_stream", json=asked(**parameters)))
    assert len(streamed) == 4
    assert [problem for event in streamed for problem in openapi.problems(event, "StreamResponse")] == []
    assert [event["index"] for event in streamed] == [1, 2, 3, 4]


def test_errors(client, openapi):
    refused = client.post("/generate", json=asked(temperature=0))
    assert (refused.status_code, openapi.problems(refused.json(), "ErrorResponse")) == (422, [])
    (event,) = events(client.post("/generate_stream", json=asked(temperature=0)))
    assert openapi.problems(event, "ErrorResponse") == []


def test_facts(client, openapi):
    assert openapi.problems(client.get("/info").json(), "Info") == []
    tokens = client.post("/tokenize", json={"inputs": PROMPT}).json()
    assert openapi.problems(tokens, "TokenizeResponse") == []
    templated = client.post("/chat_tokenize", json={"messages": MESSAGES}).json()
    assert openapi.problems(templated, "ChatTokenizeResponse") == []
    assert (
        templated["templated_text"] == f"<|assistant|>{SENTENCE}<|endoftext|><|prompter|>and?<|endoftext|><|assistant|>"
    )
    (model,) = client.get("/v1/models").json()["data"]  # the document forgets the list around it
    assert openapi.problems(model, "ModelInfo") == []


def test_chat(client, openapi):
    answer = client.post("/v1/chat/completions", json=CHAT | {"logprobs": True, "top_logprobs": 2}).json()
    assert openapi.problems(answer, "ChatCompletion") == []
    assert answer["object"] == "chat.completion"
    assert answer["system_fingerprint"] == "3.3.7-native"
    choice = answer["choices"][0]
    prompt = len(client.post("/chat_tokenize", json={"messages": MESSAGES}).json()["tokenize_response"])
    assert choice["finish_reason"] == "length"
    assert choice["message"] == {"role": "assistant", "content": "the door of the"}
    assert "".join(entry["token"] for entry in choice["logprobs"]["content"]) == "the door of the"
    assert answer["usage"] == {"prompt_tokens": prompt, "completion_tokens": 4, "total_tokens": prompt + 4}


def test_a_chat_stream(client, openapi):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    response = client.post("/v1/chat/completions", json=CHAT | options)
    assert response.text.endswith("data: [DONE]\n\n")
    *pieces, usage = events(response)
    assert [problem for event in [*pieces, usage] for problem in openapi.problems(event, "ChatCompletionChunk")] == []
    whole = client.post("/v1/chat/completions", json=CHAT).json()["choices"][0]["message"]["content"]
    assert "".join(piece["choices"][0]["delta"]["content"] for piece in pieces) == whole
    assert [piece["choices"][0]["finish_reason"] for piece in pieces] == [None, None, None, "length"]
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], 4)


def test_the_end_of_an_answer_is_stop_and_a_stop_sequence_is_not(client):
    ending = {"prompt": "a red.<|endoftext|> red", "temperature": 0, "max_tokens": 9}
    ended = client.post("/v1/completions", json=ending).json()["choices"][0]
    stopped = client.post("/v1/completions", json=ending | {"stop": ["."]}).json()["choices"][0]
    streamed = events(client.post("/v1/completions", json=ending | {"stream": True}))
    assert (ended["text"], ended["finish_reason"]) == (".", "stop")
    assert (stopped["text"], stopped["finish_reason"]) == (".", "stop_sequence")
    assert [event["choices"][0]["text"] for event in streamed] == [".", "<|endoftext|>"]
    assert [event["choices"][0]["finish_reason"] for event in streamed] == ["", "eos_token"]


def test_completions(client, openapi):
    body = {"prompt": [PROMPT, "the roof is red. the roof"], "max_tokens": 2, "temperature": 0}
    answer = client.post("/v1/completions", json=body).json()
    assert openapi.problems(answer, "CompletionFinal") == []
    assert [choice["text"] for choice in answer["choices"]] == [" old mill", " is red"]
    streamed = events(client.post("/v1/completions", json=body | {"stream": True}))
    ends = [event for event in streamed if "usage" in event]
    assert [problem for event in streamed for problem in openapi.problems(event, "Chunk")] == []
    assert [problem for event in ends for problem in openapi.problems(event, "CompletionFinal")] == []
    assert {event["choices"][0]["index"] for event in ends} == {0, 1}


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"prompt": "a", "suffix": "b"}, "suffix not supported", "Suffix is not supported"),
        ({"prompt": ["a"] * 5}, "batch size exceeded", "maximum allowed batch size of 4"),
    ],
)
def test_what_completions_refuse(client, body, kind, words):
    response = client.post("/v1/completions", json=body)
    assert (response.status_code, response.json()["error_type"]) == (422, kind)
    assert words in response.json()["error"]


def test_a_stream_of_openai_reports_everything_as_422(start):
    body = {"prompt": "a" * 5000, "stream": True, "max_tokens": 3000}
    with start("3.3.7") as server:
        streamed = events(httpx.post(server.url + "/v1/completions", json=body))
    (event,) = streamed
    assert event["error"]["http_status_code"] == 422
    assert event["error"]["message"].startswith("Input validation error: `inputs`")


def test_a_model_without_a_template_cannot_chat(start, openapi):
    with start("3.3.7") as server:
        response = httpx.post(server.url + "/v1/chat/completions", json=CHAT)
    assert (response.status_code, response.json()["error_type"]) == (422, "template_error")
    assert openapi.problems(response.json(), "ErrorResponse") == []


def test_invocations_take_all_three_bodies(client, openapi):
    assert client.post("/invocations", json=asked()).json()[0]["generated_text"].endswith(" old mill is blue")
    assert openapi.problems(client.post("/invocations", json=CHAT).json(), "ChatCompletion") == []
    completed = client.post("/invocations", json={"prompt": PROMPT, "max_tokens": 2}).json()
    assert openapi.problems(completed, "CompletionFinal") == []
    assert "did not match any variant of untagged enum SagemakerRequest" in client.post("/invocations", json={}).text
