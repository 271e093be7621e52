"""What a person gets when the model's server fails: quotations, a part of an answer, a second attempt, or an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answers import Answer
from assistant.errors import ModelMismatch
from assistant.llms import open_llm
from assistant.llms.deadline import Timeouts
from assistant.packing import PackingOptions
from tests.support.tgi_server.limits import Limits
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

pytestmark = pytest.mark.slow

QUESTION = "How much is the deposit?"
IMPATIENT = Timeouts(total=20.0, connect=2.0, first_token=2.0, between_tokens=2.0, facts=5.0)


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lease")
    rules = "\n\n".join(f"# Desk {number}\n\nDesk {number} is cleaned on day {number}." for number in range(80))
    (folder / "lease.md").write_text("# Lease\n\nThe deposit is 1,450 euros.\n", encoding="utf-8")
    (folder / "desks.md").write_text(rules, encoding="utf-8")
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(folder / "lease.md", folder / "desks.md")
    return folder / "kb"


@pytest.fixture
def ask(kb: Path, counting_falcon, shared_data: Path):
    def ask(fault: str, version: str = "1.0.3") -> Answer:
        setup = Setup(counting_falcon, Version.parse(version), Limits(1200, 1400))
        tokenizer = shared_data / "falcon_tokenizer" / "tokenizer.json"
        with serving(setup, fault) as server:
            model = open_llm(f"tgi:{server.url}", "falconlite2", tokenizer=tokenizer, timeouts=IMPATIENT)
            with Assistant.open(kb, llm=model, packing=PackingOptions(mode="chunks", reserve=24)) as kestrel:
                return kestrel.ask(QUESTION)

    return ask


@pytest.mark.parametrize("fault", ["b1", "b3", "b13", "b14", "b15:502*9", "b16", "b19", "b19:empty", "b22"])
def test_without_a_model_the_documents_are_quoted(ask, fault: str) -> None:
    answer = ask(fault)
    assert answer.degraded
    assert answer.model == "extractive"
    assert answer.sentences[0].citations[0].verified
    assert "1,450 euros" in answer.text


@pytest.mark.parametrize("fault", ["b4", "b6", "b7", "b8", "b9", "b20"])
def test_a_stream_that_breaks_is_an_incomplete_answer(ask, fault: str) -> None:
    answer = ask(fault)
    assert answer.degraded == ""
    assert answer.completion is not None
    assert (answer.completion.finish, answer.abstained) == ("incomplete", False)
    assert answer.completion.problem


@pytest.mark.parametrize("fault", ["b11", "b12", "b12:cr", "b13:1*1", "b15"])
def test_what_can_be_mended_is_not_noticed(ask, fault: str) -> None:
    answer = ask(fault)
    assert answer.degraded == ""
    assert answer.completion is not None
    assert answer.completion.finish in ("stop", "length")


def test_a_server_that_takes_less_than_it_tells_gets_a_shorter_prompt(ask) -> None:
    answer = ask("b17:700")
    assert answer.degraded == ""
    assert answer.prompt is not None
    assert answer.prompt.ledger.total <= 0.85 * 700
    assert "1,450 euros" in answer.prompt.text


def test_another_model_is_an_error(ask) -> None:
    with pytest.raises(ModelMismatch, match="other/model"):
        ask("b21@all")
