"""Training sets: nothing of the test gives itself away, prompts are those of the arms, refusals have their share."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from assistant.answers import ModelProfile
from assistant.assistant import Assistant
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from assistant.prompts import REFUSAL
from eval.building.building import Recipe as SetRecipe
from eval.building.building import build as built_set
from eval.cli import evaluation
from eval.finetuning.building import build
from eval.finetuning.rows import Recipe
from eval.question_sets import load
from eval.question_sets.jsonl import written
from eval.samples import Question, QuestionSet
from eval.scoring.text import contains
from eval.variants.prompting import Prompting
from eval.variants.setup import Arm
from ingest.errors import UsageError
from ingest.knowledge_base import KnowledgeBase
from tests.eval.test_building import TOWNS, text

PLAIN = ModelProfile("none", 0, 0)


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "docs").mkdir()
    for n, town in enumerate(TOWNS):
        (folder / "docs" / f"{town.lower()}.md").write_text(text(n), encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "docs")
    return folder / "kb"


@pytest.fixture(scope="module")
def knowledge(kb):
    with KnowledgeBase.open(kb, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def known(knowledge):
    questions = built_set(knowledge, SetRecipe(questions=60, unanswerable=0.1, train=0.6, headings=0))
    return QuestionSet("set.jsonl", tuple(questions), "0" * 64)


@pytest.fixture(scope="module")
def made(knowledge, known):
    return build(knowledge, known, PLAIN, Recipe())


def test_documents_of_the_test_show_only_as_text(made, known):
    tested = {question.source for question in known.part("test")}
    assert tested
    asked = [row for row in (*made.train, *made.validation) if row.kind != "text"]
    assert asked
    for row in asked:
        assert row.source not in tested
        assert not any(name in row.bare for name in tested)
    assert tested <= {row.source for row in made.train if row.kind == "text"}


def test_documents_that_watch_the_loss_are_not_trained_on(made):
    kept = {row.source for row in made.validation}
    assert kept
    assert not kept & {row.source for row in made.train}


def test_the_marker_names_the_passage_that_holds_the_answer(made, known):
    by_id = {question.id: question for question in known.questions}
    cited = [row for row in (*made.train, *made.validation) if row.kind == "passages"]
    assert cited
    for row in cited:
        answer, _, marker = row.completion.strip().rpartition(" ")
        blocks = re.split(r"\n\n(?=\[\d+\] |===)", row.bare.split(" passages begin")[1])
        (named,) = [block for block in blocks if block.startswith(f"{marker} ")]
        assert contains(named, [answer])
        holding = [block for block in blocks if contains(block, by_id[row.question].answers)]
        assert holding == [named]


def test_what_is_to_be_refused_shows_no_answer(made, known):
    by_id = {question.id: question for question in known.questions}
    absent = [row for row in (*made.train, *made.validation) if row.kind == "absent"]
    assert absent
    for row in absent:
        assert row.completion == f" {REFUSAL}"
        passages = row.bare.split(" passages begin")[1].split(" passages end")[0]
        assert not contains(passages, by_id[row.question].answers or ("not to be found",))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_refusals_have_their_share(knowledge, known, share):
    made = build(knowledge, known, PLAIN, Recipe(absent=share, text=False))
    rows = [*made.train, *made.validation]
    assert sum(row.kind == "absent" for row in rows) / len(rows) == pytest.approx(share, abs=0.5 / len(rows))


def test_prompts_are_those_that_the_arms_send(knowledge, known):
    profile = profile_named("falconlite2")
    model = ScriptedModel(["-"], profile=profile)
    arm = Prompting(Arm.parse("prompting"), model)
    by_id = {question.id: question for question in known.questions}
    made = build(knowledge, known, profile, Recipe())
    closed = [row for row in made.train if row.kind == "closed_book"]
    assert closed
    for row in closed:
        assert arm.prepare(by_id[row.question]).shape["prompt"] == row.prompt


def test_a_question_like_one_of_the_test_is_left_out(knowledge, known):
    (first, *_) = known.part("test")
    spy = replace(first, id="spy", source="", pages=(), span=None, part="train")
    made = build(knowledge, replace(known, questions=(*known.questions, spy)), PLAIN, Recipe())
    assert made.left_out.near_duplicates == ("spy",)
    assert "spy" not in {row.question for row in made.train}


def test_a_set_that_is_not_split_by_document_says_so(knowledge, known):
    firsts = {each.source: each.id for each in reversed(known.questions)}
    tested = set(firsts.values())
    both = [replace(each, part="test" if each.id in tested else "train") for each in known.questions]
    with pytest.raises(UsageError, match="leave none"):
        build(knowledge, replace(known, questions=tuple(both)), PLAIN, Recipe())


def test_a_document_that_is_not_there_is_named(knowledge, known):
    lost = Question("lost", "Who founded it?", ("Ada",), source="gone.md", span=(0, 9), part="train")
    with pytest.raises(UsageError, match=r"gone\.md"):
        build(knowledge, replace(known, questions=(lost,)), PLAIN, Recipe())


def test_the_command_writes_both_forms_and_the_same_twice(kb, known, tmp_path):
    questions = tmp_path / "set.jsonl"
    questions.write_text(written(known.questions), encoding="utf-8")
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        asked = ["finetune", "--kb", str(kb), "--questions", str(questions), "--out", str(folder), "--json"]
        found = CliRunner().invoke(evaluation, asked, catch_exceptions=False)
        assert found.exit_code == 0
        manifest = json.loads(found.stdout)
    assert manifest["questions"]["sha256"] == load(questions).sha256
    for name in ("train.jsonl", "train.messages.jsonl", "validation.jsonl", "manifest.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    pairs = [json.loads(line) for line in (folders[0] / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    turns = [json.loads(line) for line in (folders[0] / "train.messages.jsonl").read_text("utf-8").splitlines()]
    assert len(pairs) == sum(manifest["rows"]["train"].values())
    for pair, turn in zip(pairs, turns, strict=True):
        user, model = turn["messages"]
        assert (pair["prompt"], pair["completion"].strip()) == (user["content"], model["content"])


def test_a_training_set_is_not_written_over(kb, known, tmp_path):
    questions = tmp_path / "set.jsonl"
    questions.write_text(written(known.questions), encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("{}", encoding="utf-8")
    asked = ["finetune", "--kb", str(kb), "--questions", str(questions), "--out", str(tmp_path / "out")]
    with pytest.raises(UsageError, match="already"):
        CliRunner().invoke(evaluation, asked, catch_exceptions=False)
