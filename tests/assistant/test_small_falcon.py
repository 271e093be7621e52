"""Answers end to end from a real small Falcon behind real sockets: invented facts in files, ingested, found, packed,
generated and looked for in the text again. It was trained to copy what it is told, so it shows that the parts work
together, and nothing about what larger models answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from assistant import Assistant
from assistant.llms import open_llm
from assistant.protocols import LLM
from tests.support.fixtures import StartTgi
from tests.support.invented_facts import Fact, filler, invent_facts
from tests.support.llama_server import LlamaServer
from tests.support.small_falcon import HELD_OUT, NAME, PROFILE, SmallFalcon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]  # training takes minutes where no cache holds the model

FACTS = 24
ASKED = 12
RIGHT = 0.6  # of the answers at least (measured: 0.83); a guess at a five-figure code is right once in 90,000
LOCATED = 0.4  # of the answers at least (measured: 0.58): it often names the wrong passage
PASSAGES = 2  # four facts in the prompt: with eight it mixes up every third


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return invent_facts(Random(HELD_OUT), FACTS)


@pytest.fixture(scope="module")
def folder(facts: list[Fact], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two facts a file, between sentences that mean nothing, and a knowledge base of them."""
    folder = tmp_path_factory.mktemp("facts")
    random = Random(HELD_OUT)
    for number in range(0, FACTS, 2):
        told = [filler(random), facts[number].statement, filler(random), facts[number + 1].statement]
        (folder / f"memo-{number}.txt").write_text(" ".join(told), encoding="utf-8")
    with Assistant.open(folder / "kb") as kestrel:
        assert kestrel.add(folder).documents == FACTS // 2
    return folder


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("profile") / "small.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module", params=["tgi 1.0.3", "tgi 3.3.7", "llama.cpp", "gguf"])
def model(
    request: pytest.FixtureRequest,
    small_falcon: SmallFalcon,
    tgi_server: StartTgi,
    llama_server: LlamaServer,
    profile: str,
) -> Iterator[LLM]:
    with ExitStack() as open_ones:
        kind, _, version = request.param.partition(" ")
        if kind == "tgi":
            spec = f"tgi:{open_ones.enter_context(tgi_server(version)).url}"
        elif kind == "llama.cpp":
            spec = f"openai:{llama_server.url}/v1#{NAME}"
        else:
            spec = f"gguf:{small_falcon.gguf}"
        yield open_llm(spec, profile, tokenizer=small_falcon.folder / "tokenizer.json")


def test_it_answers_what_the_documents_say_and_every_quote_is_theirs(model: LLM, facts: list[Fact], folder: Path):
    right = located = 0
    with Assistant.open(folder / "kb", llm=model) as kestrel:
        for fact in facts[:ASKED]:
            answer = kestrel.ask(fact.question, passages=PASSAGES)
            assert answer.degraded == ""
            assert answer.completion is not None
            assert answer.prompt is not None
            assert answer.prompt.ledger.exact
            assert answer.completion.finish == "stop"
            assert answer.completion.prompt_tokens in {answer.prompt.ledger.total, None}
            for citation in (each for sentence in answer.sentences for each in sentence.citations):
                assert kestrel.knowledge.text(citation.source)[citation.start : citation.end] == citation.quote
            quotes = [each.quote for sentence in answer.sentences for each in sentence.citations if each.verified]
            right += fact.value in answer.text
            located += any(fact.value in quote for quote in quotes)
    assert right >= RIGHT * ASKED
    assert located >= LOCATED * ASKED


def test_without_the_documents_it_knows_none_of_them(small_falcon: SmallFalcon, facts: list[Fact]):
    said = [small_falcon.complete(f"Question: {fact.question}\nAnswer:") for fact in facts[:ASKED]]
    assert sum(fact.value in answer for fact, answer in zip(facts, said, strict=False)) <= 1  # a colour may be guessed


def test_facts_it_never_learnt_are_copied_from_prompts_of_many_passages(small_falcon: SmallFalcon):
    assert small_falcon.accuracy(facts=8, questions=50).value >= 0.6  # 0.86 of 100
