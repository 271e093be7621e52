"""Cases in which something stands, found by a model that really looks, and by one that only sees the beginning."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from assistant.counting import TokenizerFile
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named, read_profiles
from eval.commands.longcontext import _told, _write
from eval.longcontext.cases import Case, key_values, pass_key
from eval.longcontext.measuring import (
    Cell,
    by_length,
    by_length_and_depth,
    found,
    from_questions,
    generated,
    measure,
    usable_length,
)
from eval.longcontext.published import PUBLISHED
from eval.question_sets import load


def reader(characters: int = 10**9) -> ScriptedModel:
    """Finds what stands in the first so many characters of its prompt."""

    def reply(prompt: str) -> str:
        seen = prompt[:characters]
        key = re.search(r"The pass key is (\d+)\.", seen)
        if key:
            return f" {key[1]}."
        wanted = re.findall(r'"([0-9a-f-]{36})"', prompt[prompt.rfind("\nKey") :])
        held = dict(re.findall(r'"([0-9a-f-]{36})": "([0-9a-f-]{36})"', seen))
        return ", ".join(held.get(each, "?") for each in wanted) or "42"

    return ScriptedModel(reply, profile_named("falconlite2"))


def test_the_pass_key_is_asked_for_as_published():
    case = pass_key(1_000, 0.5, random.Random(1))
    first, before, told, after, question = case.prompt.split("\n")
    assert first.startswith("There is an important info hidden")
    assert len(before) + len(after) == 1_000
    assert abs(len(before) - 500) <= 1
    assert told == f"The pass key is {case.answers[0]}. Remember it. {case.answers[0]} is the pass key."
    assert question == "What is the pass key? The pass key is"
    assert found(case, f" {case.answers[0]}. 7")
    assert not found(case, " 7")


def test_several_needles_have_all_to_be_found():
    case = key_values(20, 1.0, random.Random(2), needles=3)
    assert len(set(case.answers)) == 3
    assert found(case, " and ".join(case.answers))
    assert not found(case, case.answers[0])
    assert json.loads(case.prompt[case.prompt.index("{") : case.prompt.rindex("}") + 1])


@pytest.mark.parametrize("task", ["passkey", "keyvalue", "needles"])
def test_lengths_are_reached_by_counting(task: str, shared_data: Path):
    falcon = TokenizerFile(shared_data / "falcon_tokenizer" / "tokenizer.json")
    model = ScriptedModel([], profile_named("falconlite2"), falcon)
    for length, case in generated(task, (1_000, 3_000), 5, model):
        assert falcon.count(case.prompt).tokens == pytest.approx(int(length), rel=0.12)


def test_a_model_that_reads_everything_finds_everything_and_one_that_does_not_loses_depth():
    cells = by_length(measure(generated("passkey", (500, 2_000), 10, reader()), reader()))
    assert [cell.share for cell in cells] == [1.0, 1.0]
    assert usable_length(cells) == cells[-1].tokens
    half = reader(1_200)
    results = measure(generated("passkey", (500, 3_000), 10, half), half)
    short, long = by_length(results)
    assert long.share < 0.8 <= short.share
    assert usable_length([short, long]) == short.tokens
    depths = {cell.depth: cell.share for cell in by_length_and_depth(results) if cell.tokens > 2_000}
    assert depths[0.0] == 1.0
    assert depths[1.0] == 0.0
    assert "|█" in _told([short, long], by_length_and_depth(results), short.tokens)


def test_what_does_not_fit_the_window_is_not_sent():
    model = reader()
    assert measure(generated("passkey", (40_000,), 2, model), model) == []


def test_longevals_lines_are_sent_and_scored_as_they_stand(shared_data: Path):
    path = sorted((shared_data / "longeval" / "lines").glob("*200*"))[0]
    cases = [case for _, case in from_questions("200", load(path).part("test")[:3])]
    assert all(case.task == "lines" and case.tokens == 100 for case in cases)
    assert found(cases[0], f"The number in line 7 is {cases[0].answers[0]}.")
    assert not found(cases[0], f"{cases[0].answers[0]}, or maybe 12")


def test_the_usable_length_of_falconlite2_is_that_of_its_profile():
    assert usable_length(PUBLISHED["lines"]) == profile_named("falconlite2").usable
    assert usable_length([Cell("lines", 100, None, 1, 10)]) is None


def test_the_profile_is_written_so_that_it_can_be_read(tmp_path: Path):
    profile = profile_named("alfred-40b-1023")
    _write(tmp_path / "p.toml", profile, 3_000)
    read = read_profiles(tmp_path / "p.toml")["alfred-40b-1023"]
    assert read.usable == 3_000
    assert (read.template, read.stop, read.sampling) == (profile.template, profile.stop, profile.sampling)


def test_raw_cases_are_sent_without_the_template():
    model = reader()
    measure(iter([("x", pass_key(200, 0.0, random.Random(3)))]), model)
    measure(iter([("x", Case("Hello <|assistant|>", ("x",), 0.0, "keyvalue"))]), model)
    assert not model.prompts[0].startswith("<|prompter|>")
    assert model.prompts[1].startswith("<|prompter|>Hello")
    assert model.prompts[1].count("<|assistant|>") == 1
