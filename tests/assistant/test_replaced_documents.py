"""A document is replaced by another process between the search that finds it and the reading of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answering import SEARCHES
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from assistant.retrieval import HybridRetriever
from ingest.documents import Filter, Hit

QUESTION = "How much is the deposit?"


def write(path: Path, amount: int) -> None:
    path.write_text(f"# Lease\n\nThe deposit is {amount} euros.\n", encoding="utf-8")


class Replacing(HybridRetriever):
    """Finds, and then has the document replaced so many times before anybody can read it."""

    def __init__(self, kestrel: Assistant, path: Path, times: int) -> None:
        super().__init__(kestrel.knowledge)
        self._kestrel, self._path, self._times = kestrel, path, times
        self.searches = 0

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        found = super().retrieve(question, k, only)
        self.searches += 1
        if self.searches <= self._times:
            write(self._path, 1000 + self.searches)
            self._kestrel.add(self._path)
        return found


def reply(prompt: str) -> str:
    """What stands in the prompt, as a model would say it."""
    return next((f"{line} [1]" for line in prompt.splitlines() if line.startswith("The deposit")), "Nothing.")


@pytest.fixture(params=["extractive", "generative"])
def kestrel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Assistant]:
    model = ScriptedModel(reply, profile_named("plain"))
    llm = "extractive" if request.param == "extractive" else model
    with Assistant.open(tmp_path / "kb", llm=llm, embedder="hashing") as opened:
        write(tmp_path / "lease.md", 1000)
        opened.add(tmp_path / "lease.md")
        yield opened


@pytest.mark.parametrize("times", [0, 1, 2])
def test_it_is_searched_for_anew(kestrel: Assistant, tmp_path: Path, times: int) -> None:
    retriever = Replacing(kestrel, tmp_path / "lease.md", times)
    answer = kestrel.searching(retriever).ask(QUESTION)
    assert retriever.searches == times + 1
    assert f"The deposit is {1000 + times} euros." in answer.text
    assert {passage.document_id for passage in answer.passages} == {kestrel.knowledge.sources()[0].document_id}


def test_one_that_is_never_the_same_twice_is_left_out(kestrel: Assistant, tmp_path: Path) -> None:
    retriever = Replacing(kestrel, tmp_path / "lease.md", 9)
    answer = kestrel.searching(retriever).ask(QUESTION)
    assert (answer.abstained, answer.passages) == (True, ())
    assert retriever.searches == SEARCHES
