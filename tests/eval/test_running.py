"""Runs go on where they were, ask nothing twice, keep models apart, and count failures by themselves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.errors import ModelOverloaded
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from eval.evaluation import Plan, evaluate, evaluation_of, judged
from eval.question_sets.jsonl import written
from eval.reporting.document import report_of
from eval.reporting.page import page
from eval.reporting.terminal import shown
from eval.runs.folder import RunFolder
from eval.runs.keys import key_of
from eval.samples import Question, QuestionSet, Reply
from eval.variants import parse_arms
from eval.variants.setup import Arm, Setup
from ingest.errors import KestrelError, UsageError

ROOT = Path(__file__).parents[2]
FACTS = {"bridge": "1911", "mill": "1875", "tower": "1930", "harbour": "1902", "garden": "1888", "museum": "1954"}
QUESTIONS = tuple(
    Question(name, f"In which year was the {name} opened?", (year,), source=f"{name}.md", pages=(1,))
    for name, year in FACTS.items()
)
SET = QuestionSet("facts.jsonl", QUESTIONS, "")


@pytest.fixture(scope="module")
def kb(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "docs").mkdir()
    for name, year in FACTS.items():
        text = f"# The {name}\n\nThe {name} was opened in {year}. It stands in the old town.\n"
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "docs")
    return folder / "kb"


def right(prompt: str) -> str:
    """Reads the year out of the passages, as a good model would; without passages it guesses."""
    name = prompt.rpartition("was the ")[2].partition(" opened")[0]
    return f"It was {FACTS[name]}. [1]" if f"The {name} was opened" in prompt else "It was 1900."


def plan(kb: Path, folder: Path, arms: str = "prompting,rag", llm: object = "extractive") -> Plan:
    return Plan(Setup(kb, llm), parse_arms(arms), SET, folder, workers=2)


def test_rag_pays_over_prompting_where_only_the_documents_know(kb, tmp_path):
    steps = []
    found = evaluate(plan(kb, tmp_path / "run", llm=ScriptedModel(right)), steps.append)
    assert [sum(mark.score for mark in found.marks[arm]) for arm in ("prompting", "rag")] == [0, 6]
    (comparison,) = found.comparisons
    assert (comparison.wins, comparison.losses, comparison.p_value) == (6, 0, 2 * 0.5**6)
    assert found.verdict.sentence.startswith("rag +100 points over prompting")
    assert (steps[-1].done, steps[-1].total, steps[-1].errors) == (12, 12, 0)


def test_the_oracle_comes_last_in_the_sentence_whatever_it_costs():
    def reply(arm: str, question: Question, text: str, tokens: int) -> Reply:
        return Reply("", arm, question.id, text, prompt_tokens=tokens)

    asked = tuple(
        replace(each, id=f"{each.id}-{n}", source=f"{n}-{each.source}") for each in QUESTIONS for n in range(3)
    )
    said = {"oracle": ("answers", 10), "prompting": ("nothing", 20), "rag": ("answers", 30)}
    replies = {
        arm: tuple(reply(arm, each, each.answers[0] if kind == "answers" else "no", tokens) for each in asked)
        for arm, (kind, tokens) in said.items()
    }
    sentence = judged(asked, replies, None).verdict.sentence
    assert sentence.startswith("rag +100 points over prompting")
    assert "oracle adds nothing to rag" in sentence


def test_a_second_run_asks_nothing(kb, tmp_path):
    model = ScriptedModel(right)
    evaluate(plan(kb, tmp_path / "run", llm=model))
    asked = len(model.prompts)
    steps = []
    evaluate(plan(kb, tmp_path / "run", llm=model), steps.append)
    assert (asked, len(model.prompts), steps[-1].reused) == (12, 12, 12)
    assert len((tmp_path / "run" / "replies.jsonl").read_text().splitlines()) == 12


def test_arms_that_would_send_the_same_send_it_once(kb, tmp_path):
    model = ScriptedModel(right)
    found = evaluate(plan(kb, tmp_path / "run", "rag,rag:mode=chunks", model))
    assert len(model.prompts) == 6
    assert set(found.arms) == {"rag", "rag:mode=chunks"}


@pytest.mark.parametrize(
    "changed", [{"name": "other"}, {"window": 4000, "max_input": 3000}, {"template": "[{prompt}]"}]
)
def test_two_models_never_share_a_row(kb, tmp_path, changed):
    first = ScriptedModel(right)
    evaluate(plan(kb, tmp_path / "run", llm=first))
    second = ScriptedModel(lambda prompt: "It was 2000.", replace(profile_named("plain"), **changed))
    found = evaluate(plan(kb, tmp_path / "run", llm=second))
    assert len(second.prompts) == 12
    assert sum(mark.score for mark in found.marks["rag"]) == 0


def test_sampling_shapes_the_key(kb, tmp_path):
    first, other = ScriptedModel(right), profile_named("plain")
    evaluate(plan(kb, tmp_path / "run", "prompting", first))
    second = ScriptedModel(right, replace(other, sampling=replace(other.sampling, seed=1)))
    evaluate(plan(kb, tmp_path / "run", "prompting", second))
    assert len(second.prompts) == 6


def test_a_failing_model_is_counted_and_asked_again(kb, tmp_path):
    broken = ScriptedModel(lambda prompt: ModelOverloaded("The server is full.") if "mill" in prompt else right(prompt))
    found = evaluate(plan(kb, tmp_path / "run", "prompting,rag:k=1", broken))
    assert [mark.outcome for mark in found.marks["prompting"]].count("error") == 1
    assert [mark.outcome for mark in found.marks["rag:k=1"]].count("error") >= 1, "no extractive answer in its name"
    assert found.comparisons[0].questions < 6
    mended = ScriptedModel(right)
    found = evaluate(plan(kb, tmp_path / "run", "prompting,rag:k=1", mended))
    assert all(mark.outcome != "error" for row in found.marks.values() for mark in row)
    assert 2 <= len(mended.prompts) < 12


def test_a_server_that_fails_while_it_counts_costs_one_question(kb, tmp_path):
    class Counting(ScriptedModel):
        def count(self, text):
            if "mill" in text:
                raise ModelOverloaded("The server is full.")
            return super().count(text)

    found = evaluate(plan(kb, tmp_path / "run", "prompting", Counting(right)))
    assert [mark.outcome for mark in found.marks["prompting"]].count("error") == 1
    assert len(found.questions) == 6


def test_an_arm_that_never_answered_is_shown_and_not_judged(kb, tmp_path):
    down = ScriptedModel(lambda prompt: ModelOverloaded("The server is full."))
    found = evaluate(plan(kb, tmp_path / "run", "extractive:k=1,rag:k=1,rag:k=2,rag:k=3", down))
    assert found.verdict is None
    assert re.search(r"rag:k=1 +– ", shown(found))
    assert "nan" not in page(found)
    assert report_of(found)["arms"][1]["score"] is None


def test_a_run_can_be_stopped_and_goes_on(kb, tmp_path):
    stop, model = threading.Event(), ScriptedModel(right)
    evaluate(plan(kb, tmp_path / "run", llm=model), lambda step: stop.set() if step.done == 4 else None, stop)
    before = len(model.prompts)
    assert 4 <= before <= 6
    found = evaluate(plan(kb, tmp_path / "run", llm=model))
    assert len(model.prompts) == 12
    assert len(found.questions) == 6


def test_an_unfinished_row_is_cut_off(kb, tmp_path):
    evaluate(plan(kb, tmp_path / "run", llm=ScriptedModel(right)))
    rows = tmp_path / "run" / "replies.jsonl"
    whole = rows.read_bytes()
    rows.write_bytes(whole[:-20])
    model = ScriptedModel(right)
    found = evaluate(plan(kb, tmp_path / "run", llm=model))
    assert (len(model.prompts), len(found.questions)) == (1, 6)
    assert all(json.loads(line) for line in rows.read_bytes().splitlines())


def test_a_folder_belongs_to_its_questions(kb, tmp_path):
    evaluate(plan(kb, tmp_path / "run", "extractive"))
    others = replace(plan(kb, tmp_path / "run", "extractive"), questions=QuestionSet("two", QUESTIONS[:2], ""))
    with pytest.raises(UsageError, match="holds a run of other questions"):
        evaluate(others)
    with pytest.raises(UsageError, match="holds no run"):
        evaluation_of(RunFolder(tmp_path / "nothing"))


CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.eval.test_running import plan, right
from assistant.llms.scripted import ScriptedModel
from eval.evaluation import evaluate

def slow(prompt):
    with open({log!r}, "a") as log:
        arm = "rag" if "passages begin" in prompt else "prompting"
        log.write(arm + "/" + prompt.rpartition("was the ")[2].partition(" opened")[0] + chr(10))
    time.sleep(0.15)
    return right(prompt)

evaluate(plan(Path({kb!r}), Path({run!r}), llm=ScriptedModel(slow)))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on_without_asking_anything_twice(kb, tmp_path):
    log, rows = tmp_path / "asked.txt", tmp_path / "run" / "replies.jsonl"
    code = CHILD.format(root=str(ROOT), log=str(log), kb=str(kb), run=str(tmp_path / "run"))
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not (rows.exists() and rows.read_bytes().count(b"\n") >= 3):
        assert time.monotonic() < deadline, "the run answers nothing"
        assert child.poll() is None, "the run ended before it was killed"
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = rows.read_bytes().count(b"\n")
    asked_before = log.read_text().split()
    assert kept < 12
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    asked = log.read_text().split()
    assert len(asked) - len(asked_before) == 12 - kept, "what was kept is not asked again"
    assert len(set(asked)) == 12
    assert rows.read_bytes().count(b"\n") == 12


def test_the_oracle_sees_the_gold_and_nothing_else(kb, tmp_path):
    model = ScriptedModel(right)
    found = evaluate(plan(kb, tmp_path / "run", "oracle", model))
    assert [mark.score for mark in found.marks["oracle"]] == [1.0] * 6
    for reply in found.replies["oracle"]:
        assert {Path(place.source).stem for place in reply.passages} == {reply.question}


def test_few_shot_shows_worked_examples_with_reasons(kb, tmp_path):
    context = "The old ferry was built long ago. The ferry was opened in 1860. It is red."
    example = Question("x", "When was the ferry opened?", ("1860",), context=context, part="train")
    model = ScriptedModel(right)
    setup = Setup(kb, model, examples=(example,))
    evaluate(Plan(setup, parse_arms("few_shot"), SET, tmp_path / "run"))
    assert (
        "Question: When was the ferry opened?\nReason: The ferry was opened in 1860.\nAnswer: 1860" in model.prompts[0]
    )


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ("prompting", "needs a language model"),
        ("fine_tuned", "--fine-tuned"),
        ("rag:k=0", "less than 1"),
        ("rag:colour=red", "has no setting 'colour'"),
        ("rag:k", "is no setting"),
        ("rag,rag", "one of them twice"),
        ("raag", "no 'raag' among the variants"),
    ],
)
def test_arms_that_cannot_be_are_refused_before_anything_is_asked(kb, tmp_path, arms, message):
    with pytest.raises(KestrelError, match=message):
        evaluate(plan(kb, tmp_path / "run", arms))
    assert not (tmp_path / "run" / "replies.jsonl").exists()


def test_settings_of_the_search_change_what_is_found(kb, tmp_path):
    found = evaluate(plan(kb, tmp_path / "run", "extractive:k=1,extractive:k=4,extractive:dense=0"))
    assert [len(row[0].passages) for row in found.replies.values()] == [1, 4, 6]
    assert Arm.parse("rag:k=8:mode=whole").settings == {"k": "8", "mode": "whole"}


def test_keys_are_of_everything_and_of_nothing_else():
    shape = {"model": ["a"], "prompt": "p", "sampling": {"seed": 0, "max_tokens": 5}}
    assert key_of(shape) == key_of(dict(reversed(shape.items())))
    assert key_of(shape) != key_of({**shape, "model": ["b"]})
    assert key_of({"prompt": "ab", "model": "c"}) != key_of({"prompt": "a", "model": "bc"})


def test_the_command_runs_reports_and_scripts(kb, tmp_path):
    (tmp_path / "set.jsonl").write_text(written(QUESTIONS), encoding="utf-8")
    arguments = ["--kb", str(kb), "--questions", str(tmp_path / "set.jsonl"), "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "eval", "run", *arguments, "--variants", "extractive:k=1,oracle"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert shown.returncode == 0, shown.stderr
    assert "6 questions, judged by: contains" in shown.stdout
    assert "12/12" in shown.stderr
    report = json.loads(subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, check=True).stdout)
    assert {"metric", "questions", "arms", "pairs", "verdict", "best", "risk_coverage", "scores"} <= report.keys()
    assert report["arms"][1]["outcomes"] == {"right": 6}
