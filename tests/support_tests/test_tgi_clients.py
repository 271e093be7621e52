"""The `text-generation` 0.7.0 client, both of its kinds, drives every version."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
import requests

from tests.support.tgi_server.limits import Limits
from tests.support.tgi_server.versions import KNOWN
from tests.support_tests.conftest import PROMPT

text_generation = pytest.importorskip("text_generation")
errors = pytest.importorskip("text_generation.errors")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the client calls pydantic's `dict`

TEXT = " old mill is blue and the roof"


@pytest.fixture(params=KNOWN)
def version(request):
    return request.param


@pytest.fixture(params=["sync", "async"])
def client_of(request):
    """A function from a base URL to an object with `generate` and `generate_stream`, the latter into a list."""

    class Waiting:
        def __init__(self, url):
            self._client = text_generation.AsyncClient(url)

        def generate(self, *arguments, **options):
            return asyncio.run(self._client.generate(*arguments, **options))

        def generate_stream(self, *arguments, **options):
            async def gather():
                return [event async for event in self._client.generate_stream(*arguments, **options)]

            return asyncio.run(gather())

    return text_generation.Client if request.param == "sync" else Waiting


def test_an_answer(start, version, client_of):
    with start(version) as server:
        response = client_of(server.url).generate(PROMPT, max_new_tokens=7)
    assert response.generated_text == TEXT
    assert (response.details.finish_reason.value, response.details.generated_tokens) == ("length", 7)
    assert "".join(token.text for token in response.details.tokens) == TEXT
    assert response.details.seed is None


def test_a_stream(start, version, client_of):
    with start(version) as server:
        events = list(client_of(server.url).generate_stream(PROMPT, max_new_tokens=7))
        sent = json.loads(server.to("/")[0].body)
    assert [event.token.text for event in events] == [" old", " mill", " is", " blue", " and", " the", " roof"]
    assert [event.generated_text for event in events] == [None] * 6 + [TEXT]
    assert events[-1].details.finish_reason.value == "length"
    assert sent["stream"] is True


def test_the_end_token_is_an_event_and_not_text(start, version, client_of):
    prompt = "the roof is red.<|endoftext|> the roof"
    with start(version) as server:
        events = list(client_of(server.url).generate_stream(prompt))
    assert [event.token.text for event in events] == [" is", " red", ".", "<|endoftext|>"]
    assert [event.token.special for event in events] == [False, False, False, True]
    assert events[-1].generated_text == " is red."
    assert events[-1].details.finish_reason.value == "eos_token"


def test_a_sampled_answer_repeats_with_its_seed(start, version, client_of):
    with start(version) as server:
        client = client_of(server.url)
        texts = {client.generate(PROMPT, do_sample=True, temperature=9.0, seed=5).generated_text for _ in range(3)}
        response = client.generate(PROMPT, do_sample=True, temperature=9.0, seed=6)
    assert len(texts) == 1
    assert response.generated_text not in texts
    assert response.details.seed == 6


def test_best_of(start, version, client_of):
    with start(version) as server:
        response = client_of(server.url).generate(PROMPT, do_sample=True, temperature=5.0, best_of=2)
    (other,) = response.details.best_of_sequences

    def mean(tokens):
        return sum(token.logprob for token in tokens) / len(tokens)

    assert mean(response.details.tokens) >= mean(other.tokens)


def test_a_request_that_is_not_valid(start, version, client_of):
    words = r"Input validation error: `inputs` must have less than 20 tokens. Given: 21"
    with start(version, limits=Limits(max_input_tokens=20, max_total_tokens=100)) as server:
        client = client_of(server.url)
        with pytest.raises(errors.ValidationError, match=words):
            client.generate("the" + " the" * 20)
        with pytest.raises(errors.ValidationError, match=words):
            list(client.generate_stream("the" + " the" * 20))


def test_no_place_is_free(start, version, client_of):
    with start(version, fault="b13") as server:
        for call in (client_of(server.url).generate, lambda text: list(client_of(server.url).generate_stream(text))):
            with pytest.raises(errors.OverloadedError, match="Model is overloaded"):
                call(PROMPT)


def test_a_generation_that_fails(start, version, client_of):
    with start(version) as server:
        with pytest.raises(errors.GenerationError, match="Request failed during generation: CANCELLED"):
            client_of(server.with_fault("b16")).generate(PROMPT)
        with pytest.raises(errors.GenerationError, match="CUDA out of memory"):
            list(client_of(server.with_fault("b9")).generate_stream(PROMPT))


def test_a_cut_stream_looks_complete_to_the_client(start, version, client_of):
    """The trap that the adapter of Kestrel has to mend: no error, and no final event."""
    with start(version, fault="b6") as server:
        events = list(client_of(server.url).generate_stream(PROMPT, max_new_tokens=7))
    assert [event.generated_text for event in events] == [None, None, None]


def test_errors_that_are_no_json_lose_their_status(start, version):
    with start(version, fault="b14") as server:
        with pytest.raises(requests.exceptions.JSONDecodeError):
            text_generation.Client(server.url).generate(PROMPT)
        with pytest.raises(aiohttp.ContentTypeError):
            asyncio.run(text_generation.AsyncClient(server.url).generate(PROMPT))
