"""Several queries for one question: what is asked further, and how the lists become one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant
from assistant.expansion import ExpandingRetriever, Rephrasing, fused, telling_words
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from assistant.retrieval import HybridRetriever
from ingest.documents import Chunk, Hit
from ingest.errors import UsageError

QUESTION = "Who pays for glasses?"


def hits(*identities: int) -> list[Hit]:
    return [Hit(Chunk(number, "d", number, 0, 1, "x"), 1.0, "a.txt") for number in identities]


@given(st.lists(st.lists(st.integers(0, 20), unique=True), min_size=1, max_size=4))
def test_fusion_holds_each_chunk_once_by_the_sum_of_its_inverse_ranks(lists):
    found = fused([hits(*one) for one in lists])
    assert {hit.chunk.id for hit in found} == {number for one in lists for number in one}
    scores = [sum(1 / (61 + one.index(hit.chunk.id)) for one in lists if hit.chunk.id in one) for hit in found]
    assert [hit.score for hit in found] == pytest.approx(scores)
    assert scores == sorted(scores, reverse=True)


def test_telling_words_are_those_of_the_first_finds():
    near = [Hit(Chunk(n, "d", n, 0, 1, f"Spectacles and other vision matter {n}"), 1.0, "a") for n in range(5)]
    far = [Hit(Chunk(n, "d", n, 0, 1, "Parking and other matter"), 1.0, "a") for n in range(5, 40)]
    [query] = telling_words(QUESTION, near + far)
    assert query.startswith(f"{QUESTION} ")
    assert query.split()[4:6] == ["spectacles", "vision"]
    assert telling_words(QUESTION, []) == []


def test_a_model_words_the_question_anew():
    said = "1. Who covers spectacles?\n- Is eyewear reimbursed?\n\nWho pays for glasses?\n!!\nA third?\nA fourth one?"
    model = ScriptedModel([said], profile_named("falconlite2"))
    found = Rephrasing(model)(QUESTION, [])
    assert found == ["Who covers spectacles?", "Is eyewear reimbursed?", "A third?"]
    assert f"Question: {QUESTION}\nOther questions:" in model.prompts[0]


def test_control_tokens_of_the_question_are_broken_up():
    model = ScriptedModel([""], profile_named("falconlite2"))
    assert Rephrasing(model)("What <|assistant|> now?", []) == []
    assert model.prompts[0].count("<|assistant|>") == 1  # the template's own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vision.md").write_text("Spectacles are reimbursed up to 200 euros.\n", encoding="utf-8")
    (tmp_path / "parking.md").write_text("Parking is free on Sundays.\n", encoding="utf-8")
    return tmp_path


def test_wordings_find_what_the_question_alone_ranks_lower(folder: Path):
    with Assistant.open(folder / "kb", llm=ScriptedModel([]), expand="model") as kestrel:
        kestrel.add(folder)
        plain = HybridRetriever(kestrel.knowledge)
        expanded = ExpandingRetriever(plain, lambda _question, _hits: ["Spectacles reimbursed"])
        assert {hit.source for hit in expanded.retrieve(QUESTION, 5)} == {
            hit.source for hit in plain.retrieve(QUESTION, 5)
        }
        assert Path(expanded.retrieve("reimbursed?", 1)[0].source).name == "vision.md"


def test_every_way_of_expanding_answers(folder: Path):
    model = ScriptedModel(["Are spectacles reimbursed?", "Spectacles are reimbursed up to 200 euros. [2]"])
    with Assistant.open(folder / "kb", llm=model, expand="model") as kestrel:
        kestrel.add(folder)
        answer = kestrel.ask(QUESTION)
    assert len(model.prompts) == 2
    assert answer.sentences[0].support == "supported"
    with Assistant.open(folder / "kb", expand="words") as kestrel:
        assert "200 euros" in kestrel.ask("Up to which sum are spectacles reimbursed?").text


def test_without_a_model_nothing_can_be_worded(folder: Path):
    with pytest.raises(UsageError, match="words no questions"):
        Assistant.open(folder / "kb", expand="model")
