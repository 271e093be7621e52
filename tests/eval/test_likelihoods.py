"""Choices by how likely a model holds them, beside the letter that it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from assistant.answers import Likelihood
from assistant.assistant import Assistant
from assistant.errors import LikelihoodsNotTold
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from eval.evaluation import Plan, evaluate
from eval.question_sets.jsonl import written
from eval.reporting.document import report_of
from eval.reporting.page import page
from eval.reporting.terminal import shown
from eval.runs.folder import RunFolder
from eval.samples import LETTERS, Question, QuestionSet
from eval.scoring.likeliest import likeliest, likeliest_per_byte, likeliest_per_token
from eval.variants import parse_arms
from eval.variants.setup import Setup
from eval.variants.weighed import joint_of
from ingest.errors import UsageError

ROOT = Path(__file__).parents[2]
CHOICES = ("red", "a long shade of green", "blue")
QUESTIONS = tuple(
    Question(f"q{number}", f"Which colour has the {place}?", choices=CHOICES, answer="BAC"[number], source="c.md")
    for number, place in enumerate(("mill", "bridge", "tower"))
)
SET = QuestionSet("colours.jsonl", QUESTIONS, "")
TRUTH = {"mill": "a long shade of green", "bridge": "red", "tower": "blue"}


class Weigher(ScriptedModel):
    """Writes A, and holds likeliest what its prompt says of the place that is asked for."""

    def __init__(self, told: bool = True) -> None:
        super().__init__(lambda _prompt: "A", profile_named("falconlite2"))
        self.told = told
        self.weighed: list[tuple[str, tuple[str, ...]]] = []

    def likelihoods(self, prompt, continuations):
        if not self.told:
            raise LikelihoodsNotTold("This server does not tell.")
        self.weighed.append((prompt, tuple(continuations)))
        place = prompt.rpartition("has the ")[2].partition("?")[0]
        known = f"The {place} is {TRUTH.get(place)}." in prompt
        return tuple(
            Likelihood(-1.0 if known and each == TRUTH[place] else -5.0 - len(each), max(1, len(each.split())))
            for each in continuations
        )


@pytest.fixture(scope="module")
def kb(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weighed")
    (folder / "docs").mkdir()
    text = "# Colours\n\n" + " ".join(f"The {place} is {colour}." for place, colour in TRUTH.items())
    (folder / "docs" / "c.md").write_text(text, encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "docs")
    return folder / "kb"


def found(kb: Path, folder: Path, model: object, arms: str = "prompting,rag", metric: str | None = None):
    return evaluate(Plan(Setup(kb, model, likelihoods=True), parse_arms(arms), SET, folder, metric, workers=1))


def test_the_rules_by_hand():
    held = [Likelihood(-4.0, 1), Likelihood(-6.0, 3), Likelihood(-5.5, 1)]
    assert likeliest(held) == "A"
    assert likeliest_per_token(held) == "B"  # -4, -2, -5.5
    assert likeliest_per_byte(held, ["abcd", "abcd", "é" * 20]) == "C"  # -1, -1.5, -0.1375
    with pytest.raises(ValueError):
        likeliest([])


def test_the_likeliest_choice_stands_beside_the_letter_that_was_written(kb, tmp_path):
    model = Weigher()
    seen = found(kb, tmp_path / "run", model)
    assert {name: mark.outcome for name, mark in zip("BAC", seen.marks["rag"], strict=True)} == {
        "B": "wrong", "A": "right", "C": "wrong"
    }  # fmt: skip
    assert [mark.measures["letter"] for mark in seen.marks["rag"]] == [0.0, 1.0, 0.0]
    assert [mark.measures["likeliest"] for mark in seen.marks["rag"]] == [1.0, 1.0, 1.0]
    assert [mark.measures["likeliest"] for mark in seen.marks["prompting"]] == [0.0, 1.0, 0.0]
    judged = found(kb, tmp_path / "run", model, metric="likeliest")
    assert [mark.outcome for mark in judged.marks["rag"]] == ["right"] * 3
    assert "right choice by  letter  likeliest" in shown(seen)


def test_what_is_weighed_is_a_choice_after_the_open_question(kb, tmp_path):
    model = Weigher()
    found(kb, tmp_path / "run", model, "rag")
    assert len(model.prompts) == len(model.weighed) - 1 == 3  # one of them to find out whether it is told
    for prompt, continuations in model.weighed[1:]:
        assert "(A)" not in prompt
        assert "letter" not in prompt
        assert prompt.endswith("<|assistant|>")
        assert continuations == CHOICES


def test_examples_show_what_is_asked_for(kb, tmp_path):
    example = Question("x", "Which colour has the ferry?", choices=CHOICES, answer="C", part="train")
    model = Weigher()
    setup = Setup(kb, model, examples=(example,), likelihoods=True)
    evaluate(Plan(setup, parse_arms("few_shot"), SET, tmp_path / "run", workers=1))
    assert all("(C) blue" in prompt and "Answer: C" in prompt for prompt in model.prompts)
    assert all("(C)" not in prompt and "Answer: blue" in prompt for prompt, _ in model.weighed[1:])


@pytest.mark.parametrize(
    ("prompt", "joint"), [("x<|assistant|>", ""), ("Answer:", " "), ("Answer: ", ""), ("x\n", ""), ("<|other|>", " ")]
)
def test_a_space_stands_before_a_choice_unless_the_prompt_ended(prompt, joint):
    assert joint_of(prompt, ("<|assistant|>", "")) == joint


def test_a_run_goes_on_without_weighing_twice_and_without_mixing_with_others(kb, tmp_path):
    model = Weigher()
    first = found(kb, tmp_path / "run", model)
    asked = len(model.prompts), len(model.weighed)
    assert RunFolder(tmp_path / "run").replies()[0].likelihoods == first.replies["prompting"][0].likelihoods
    again = found(kb, tmp_path / "run", model)
    assert (len(model.prompts), len(model.weighed) - 2) == asked, "each arm finds out once whether it is told"
    assert again.replies == first.replies
    evaluate(Plan(Setup(kb, model), parse_arms("rag"), SET, tmp_path / "run", workers=1))
    assert len(model.prompts) == asked[0] + 3


def test_where_it_is_not_told_the_result_says_so(kb, tmp_path):
    silent = found(kb, tmp_path / "run", Weigher(told=False), "rag,extractive")
    assert not any(reply.likelihoods for row in silent.replies.values() for reply in row)
    told = {each["arm"]: each["unweighed"] for each in report_of(silent)["arms"]}
    assert told["rag"] == "This server does not tell."
    assert "is no language model" in told["extractive"]
    assert "rag: no likelihoods. This server does not tell." in shown(silent)
    assert "This server does not tell." in page(silent)
    with pytest.raises(UsageError, match=r"'rag' has no likelihoods\. This server does not tell"):
        found(kb, tmp_path / "run", Weigher(told=False), "rag,extractive", "likeliest")
    scripted = found(kb, tmp_path / "other", ScriptedModel(lambda _prompt: "A"), "rag")
    assert scripted.replies["rag"][0].unweighed.startswith("This kind of model")
    mended = Weigher()
    assert found(kb, tmp_path / "run", mended, "rag").replies["rag"][0].likelihoods
    assert len(mended.prompts) == 3, "a server that tells is asked anew"


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_real_model_weighs_the_choices_of_a_small_set(small_falcon, tgi_server, tmp_path):
    """End to end by the commands: facts that it never saw, the right value among three of the same kind."""
    from tests.support.invented_facts import invent_facts
    from tests.support.small_falcon import HELD_OUT, PROFILE, TEMPLATE

    facts = [fact for fact in invent_facts(Random(HELD_OUT + 3), 200) if fact.attribute == "access code"]
    asked = []
    (tmp_path / "docs").mkdir()
    for number, fact in enumerate(facts):
        (tmp_path / "docs" / f"memo-{number}.txt").write_text(fact.statement, encoding="utf-8")
        values = sorted(facts[(number + step) % len(facts)].value for step in range(3))
        choices = [replace(fact, value=value).statement for value in values]
        answer = LETTERS[values.index(fact.value)]
        asked.append(Question(f"q{number}", fact.question, choices=tuple(choices), answer=answer))
    assert len(asked) >= 10
    (tmp_path / "set.jsonl").write_text(written(asked), encoding="utf-8")
    (tmp_path / "small.toml").write_text(PROFILE, encoding="utf-8")
    _command("ingest", "add", str(tmp_path / "docs"), "--kb", str(tmp_path / "kb"))
    with tgi_server("1.0.3") as server:
        out = _command(
            "eval", "run", "--kb", str(tmp_path / "kb"), "--questions", str(tmp_path / "set.jsonl"),
            "--variants", "prompting,rag:k=1", "--llm", f"tgi:{server.url}", "--profile", str(tmp_path / "small.toml"),
            "--out", str(tmp_path / "run"), "--likelihoods", "--json",
        )  # fmt: skip
    arms = {each["arm"]: each["measures"] for each in json.loads(out)["arms"]}
    assert arms["rag:k=1"]["likeliest"] >= 0.8  # of 11; measured: all, where one letter was right
    assert arms["prompting"]["likeliest"] <= 0.6  # three codes that it cannot know; measured: 3
    kept = {(reply.arm, reply.question): reply for reply in RunFolder(tmp_path / "run").replies()}
    for question in asked:
        prompt = TEMPLATE.format(prompt=_closed(question))
        held = kept["prompting", question.id].likelihoods
        for choice, each in zip(question.choices, held, strict=True):
            assert each.logprob == pytest.approx(_forward(small_falcon, prompt, choice), abs=1e-3)


def _closed(question: Question) -> str:
    from eval.variants.prompting import closed_book

    return closed_book(question.opened(), ())


def _forward(small, prompt: str, choice: str) -> float:
    import torch

    start = len(small.tokenizer.encode(prompt).ids)
    ids = torch.tensor([small.tokenizer.encode(prompt + choice).ids])
    with torch.inference_mode():
        logprobs = small.model(ids).logits[0, :-1].log_softmax(-1)
    return float(logprobs.gather(1, ids[0, 1:, None])[start - 1 :, 0].double().sum())


def _command(*words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout
