"""FalconLite2's window, filled through TGI's protocol for a Falcon of its tokenizer and limits.

Its weights are random: the server counts, accepts and refuses as FalconLite2's does, and what it answers means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answers import Turn
from assistant.llms import open_llm
from assistant.packing import PackingOptions
from tests.support.tgi_server.falcon_engine import FalconEngine, counting_engine
from tests.support.tgi_server.limits import Limits
from tests.support.tgi_server.server import TgiServer, serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version

pytestmark = pytest.mark.slow

FALCONLITE2 = Limits(max_input_tokens=24_000, max_total_tokens=24_576)
QUESTION = "What did the administration say about junk fees?"


@pytest.fixture(scope="module")
def engine(shared_data: Path) -> FalconEngine:
    return counting_engine(shared_data / "falcon_tokenizer" / "tokenizer.json")


@pytest.fixture(scope="module", params=["1.0.3", "3.3.7"])
def server(request: pytest.FixtureRequest, engine: FalconEngine) -> Iterator[TgiServer]:
    with serving(Setup(engine, Version.parse(request.param), FALCONLITE2)) as running:
        yield running


@pytest.fixture(scope="module")
def kb(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 100,000 tokens of real text: four times as much as fits."""
    folder = tmp_path_factory.mktemp("window")
    for path in sorted((shared_data / "chunking_eval" / "corpora").glob("*.md")):
        (folder / path.name).write_text(path.read_text(encoding="utf-8")[:120_000], encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(*folder.glob("*.md"))
    return folder / "kb"


@pytest.mark.parametrize("counted_by", ["server", "tokenizer file"])
def test_a_full_window_is_accepted(
    server: TgiServer, kb: Path, engine: FalconEngine, shared_data: Path, counted_by: str
) -> None:
    file = shared_data / "falcon_tokenizer" / "tokenizer.json" if counted_by == "tokenizer file" else None
    model = open_llm(f"tgi:{server.url}", tokenizer=file)
    history = [Turn("Who spoke?", "The president spoke. " * 40)] * 3
    server.requests.clear()
    with Assistant.open(kb, llm=model, packing=PackingOptions(reserve=576)) as kestrel:
        answer = kestrel.ask(QUESTION, history=history)
    assert answer.degraded == ""
    assert answer.prompt is not None
    ledger = answer.prompt.ledger
    assert (ledger.window, ledger.max_input, ledger.reserve, ledger.exact) == (24_576, 24_000, 576, True)
    (sent,) = [request for request in server.to("/") if request.method == "POST"]
    received = engine.tokenizer.encode(sent.json()["inputs"], add_special_tokens=False)
    assert sent.json()["inputs"] == answer.prompt.text
    assert len(received.ids) == ledger.total <= 24_000
    assert ledger.passages / ledger.budget >= 0.97
    control = [token for token in received.tokens if token.startswith(("<|", ">>"))]
    assert control == ["<|prompter|>", "<|endoftext|>", "<|assistant|>"]


def test_counting_by_the_server_takes_few_requests(server: TgiServer, kb: Path) -> None:
    server.requests.clear()
    with Assistant.open(kb, llm=open_llm(f"tgi:{server.url}")) as kestrel:
        kestrel.prompt(QUESTION)
    assert len(server.requests) <= 15


def test_a_long_chat_never_overflows(server: TgiServer, kb: Path, shared_data: Path) -> None:
    model = open_llm(f"tgi:{server.url}", tokenizer=shared_data / "falcon_tokenizer" / "tokenizer.json")
    history = [Turn(f"Question {number}?", "It is so. " * 300) for number in range(40)]
    with Assistant.open(kb, llm=model, packing=PackingOptions(reserve=8)) as kestrel:
        answer = kestrel.ask(QUESTION, history=history)
    assert answer.degraded == ""
    assert answer.prompt is not None
    assert answer.prompt.ledger.history <= 24_000 / 4
    assert answer.prompt.ledger.history_dropped > 30
    assert answer.prompt.ledger.total <= 24_000
