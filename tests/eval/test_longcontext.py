"""Cases in which something stands, found by a model that really looks, and by one that only sees the beginning."""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.counting import TokenizerFile
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named, read_profiles
from eval.cli import evaluation
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
from eval.longcontext.published import published
from eval.longcontext.quality import as_json, case_of, figures, read_articles
from eval.question_sets import load
from eval.scoring.choices import chosen
from eval.tasks.outputs import read_outputs
from tests.support.tgi_server.limits import FALCONLITE2
from tests.support.tgi_server.server import serving
from tests.support.tgi_server.service import Setup
from tests.support.tgi_server.versions import Version


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


@pytest.mark.slow
@pytest.mark.parametrize(("task", "sizes"), [("lines", (200, 680)), ("topics", (5, 25))])
def test_the_published_lengths_are_those_of_these_files(task: str, sizes: tuple[int, ...], shared_data: Path):
    """Same files, same template, same tokens: the model card tells the means of 50 prompts, cut to whole ones. The
    shortest and the longest of each task; the seven between them agree as well."""
    falcon = TokenizerFile(shared_data / "falcon_tokenizer" / "tokenizer.json", ("<|prompter|>", "<|assistant|>"))
    model = ScriptedModel(lambda _prompt: "0", profile_named("falconlite2"), falcon)
    files = [shared_data / "longeval" / task / f"{size}_{task}.jsonl.gz" for size in sizes]
    cells = [by_length(measure(from_questions(path.name, load(path).questions), model))[0] for path in files]
    lengths = [published(task)["FalconLite2"][place].tokens for place in (0, -1)]
    assert all(abs(cell.tokens - length) <= 1 for cell, length in zip(cells, lengths, strict=True))
    assert {cell.cases for cell in cells} == {50}


def test_published_pass_keys_are_as_long_as_so_many_characters(shared_data: Path):
    falcon = TokenizerFile(shared_data / "falcon_tokenizer" / "tokenizer.json")
    for cell, filling in zip(published("passkey")["FalconLite2"], (12_000, 20_000, 31_000, 38_000), strict=True):
        lengths = [falcon.count(pass_key(filling, 0.5, random.Random(each)).prompt).tokens for each in range(5)]
        assert sum(lengths) / 5 == pytest.approx(cell.tokens, rel=0.004)


def test_the_usable_length_of_falconlite2_is_that_of_its_profile():
    assert usable_length(published("lines")["FalconLite2"]) == profile_named("falconlite2").usable
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


LEVAL = "leval/closed/quality.jsonl.gz"
RECORDED = {"turbo-16k-0613": 124, "Claude-100k": 149, "gpt4-32k": 166}  # right of 202, as they were published


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDED)
def test_quality_gives_recorded_answers_their_recorded_score(name: str, shared_data: Path):
    folder = shared_data / "leval"
    asked = load(folder / "closed" / "quality.jsonl.gz").questions
    said = read_outputs(folder / "predictions" / name / "quality.pred.jsonl.gz").beside(asked)
    model = ScriptedModel([text or "" for text in said], profile_named("falconlite2"))
    judged = read_articles(asked, model)
    told = figures(judged, len(asked))
    assert (told.all.right, told.all.questions, told.too_long) == (RECORDED[name], 202, 0)
    for prompt, question in zip(model.prompts, asked, strict=True):
        assert prompt.startswith("<|prompter|>Read the document")
        assert prompt.endswith("Answer:<|endoftext|><|assistant|>")
        assert prompt.count(question.choices[3]) >= 1


def test_cases_that_do_not_fit_are_told(tmp_path: Path):
    (tmp_path / "said.json").write_text(json.dumps(["1"] * 4), encoding="utf-8")
    options = ["--llm", f"scripted:{tmp_path / 'said.json'}", "--profile", "falconlite2", "--each", "2"]
    call = CliRunner().invoke(evaluation, ["longcontext", *options, "--lengths", "500,60000"], standalone_mode=False)
    assert call.exception is None
    assert "2 of 4 cases did not fit falconlite2's window: they were not sent." in call.stderr


def article(folder: Path) -> Path:
    """Two questions of QuALITY's form on one article, one of them hard, and one on an article that is too long."""

    def asked(number: int, hard: int) -> dict[str, object]:
        options = ["the dog", "the cat", "the cow", "the hen"]
        return {"question_unique_id": f"q{number}", "question": "Who barked?", "options": options, "gold_label": 1,
                "difficult": hard}  # fmt: skip

    records = [
        {"article_id": "1", "article": "The dog barked at the cat.", "questions": [asked(1, 0), asked(2, 1)]},
        {"article_id": "2", "article": "The dog barked. " * 9000, "questions": [asked(3, 1)]},
    ]
    path = folder / "quality.dev.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(record) for record in records).encode()))
    return path


def test_quality_by_the_command(tmp_path: Path):
    (tmp_path / "said.json").write_text('["A", "I do not know"]', encoding="utf-8")
    options = ["--llm", f"scripted:{tmp_path / 'said.json'}", "--profile", "falconlite2"]
    call = CliRunner().invoke(
        evaluation, ["longcontext", *options, "--cases", str(article(tmp_path))], standalone_mode=False
    )
    assert call.exception is None
    assert re.search(r"all +50% of 2 +\(95 % 9%…91%\), 1 unparsed, 50% less guessing", call.stdout)
    assert re.search(r"hard +0% of 1 ", call.stdout)
    assert "1 of 3 did not fit the window" in call.stdout
    assert "Usable length" not in call.stdout
    assert "Published, on the hidden test part" in call.stdout
    assert "FalconLite2 53.4%, 45.4% of the hard ones" in call.stdout


def test_quality_as_json_holds_every_figure(tmp_path: Path):
    asked = load(article(tmp_path)).questions
    told = as_json(figures(read_articles(asked, ScriptedModel(["B", "A"], profile_named("falconlite2"))), 3))
    assert (told["all"]["right"], told["hard"]["right"], told["too_long"]) == (1, 1, 1)
    assert told["all"]["corrected"] == pytest.approx((1 - 1 / 3) / 2)
    assert figures((), 3) is None


def command(*words: str) -> dict[str, object]:
    call = CliRunner().invoke(evaluation, ["longcontext", *words, "--json"], standalone_mode=False)
    assert call.exception is None, call.output
    return json.loads(call.stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_articles_reach_a_server_whole(counting_falcon, shared_data: Path):
    """By the command and TGI's protocol, with FalconLite2's limits and tokens, to a model that answers noise."""
    tokenizer, cases = (shared_data / name for name in ("falcon_tokenizer/tokenizer.json", LEVAL))
    with serving(Setup(counting_falcon, Version.parse("1.0.3"), limits=FALCONLITE2)) as server:
        model = ("--llm", f"tgi:{server.url}", "--profile", "falconlite2", "--tokenizer", str(tokenizer))
        told = command(*model, "--cases", str(cases), "--each", "3")["quality"]
        sent = [json.loads(request.body) for request in server.requests if request.body]
    lengths = [len(counting_falcon.tokenizer.encode(each["inputs"]).ids) for each in sent]
    assert told["tokens"] == round(sum(lengths) / 3)
    assert min(lengths) > 5_000
    assert (told["all"]["questions"], told["too_long"]) == (3, 0)
    assert told["all"]["right"] + told["all"]["unparsed"] <= 3
    for each, question in zip(sent, load(cases).questions, strict=False):
        assert question.context.strip() in each["inputs"]
        assert (each["parameters"]["max_new_tokens"], each["parameters"]["do_sample"]) == (20, False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_model_reads_articles_and_is_scored(small_falcon, tgi_server, tmp_path: Path):
    """Articles of the length that a small model takes: invented facts, one of four sentences is in the article."""
    from tests.support.invented_facts import filler, invent_facts
    from tests.support.small_falcon import HELD_OUT, PROFILE

    chance = random.Random(HELD_OUT + 11)
    facts = [fact for fact in invent_facts(chance, 160) if fact.attribute == "access code"]
    records = []
    for number, fact in enumerate(facts[:8]):
        options = [replace(fact, value=facts[number + step].value).statement for step in (1, 0, 2, 3)]
        asked = {"question": fact.question, "options": options, "gold_label": 2, "difficult": number % 2}
        article = f"{filler(chance)} {fact.statement} {filler(chance)}"
        records.append({"article_id": str(number), "article": article, "questions": [asked]})
    (tmp_path / "quality.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    (tmp_path / "small.toml").write_text(PROFILE, encoding="utf-8")
    with tgi_server("1.0.3") as server:
        model = ("--llm", f"tgi:{server.url}", "--profile", str(tmp_path / "small.toml"))
        told = command(*model, "--cases", str(tmp_path / "quality.jsonl"))["quality"]
    asked = load(tmp_path / "quality.jsonl").questions
    letters = [chosen(small_falcon.complete(case_of(each).prompt, 20), each.choices) for each in asked]
    assert told["all"]["unparsed"] == letters.count(None)  # measured: all, for it was never taught to name a letter
    assert told["all"]["right"] == sum(letter == each.answer for letter, each in zip(letters, asked, strict=True))
    assert (told["all"]["questions"], told["hard"]["questions"], told["too_long"]) == (8, 4, 0)
