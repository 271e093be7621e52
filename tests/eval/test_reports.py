"""Reports: what they say follows from the replies, they load nothing, and a fall ends with exit code 7."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from eval.cli import evaluation
from eval.evaluation import evaluation_of
from eval.question_sets import load
from eval.question_sets.jsonl import written
from eval.reporting.page import page
from eval.runs.folder import RunFolder
from eval.samples import Question, Reply
from ingest.errors import UsageError

HOSTILE = '<script>alert(1)</script><img src="https://elsewhere.example/x.png">'


def folder(path, arms: dict[str, list[int]]) -> RunFolder:
    """A run of these arms as it is kept; 1 is a right answer."""
    path.mkdir()
    size = len(next(iter(arms.values())))
    asked = [
        Question(f"q{n}", f"What is {n}? {HOSTILE}", (f"v{n}",), source=f"d{n}.md", pages=(1,)) for n in range(size)
    ]
    (path / "set.jsonl").write_text(written(asked), encoding="utf-8")
    run = RunFolder(path / "run")
    run.keep(load(path / "set.jsonl"))
    run.name_arms(list(arms))
    for place, (arm, row) in enumerate(arms.items(), start=1):
        for n, right in enumerate(row):
            text = f"v{n}" if right else HOSTILE
            run.append(Reply(f"{arm}{n}", arm, f"q{n}", text, confidence=n / size, prompt_tokens=place * 100))
    return run


def call(*arguments: object):
    return CliRunner().invoke(evaluation, [str(each) for each in arguments], standalone_mode=False)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.addresses: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "action")]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return folder(
        tmp_path / "a",
        {"prompting": [0] * 30 + [1] * 10, "rag:k=2": [1] * 38 + [0] * 2, "rag:k=4": [1] * 40, "rag:k=88": [1] * 40},
    )


def test_the_page_loads_nothing_and_runs_nothing(run):
    text = page(evaluation_of(run))
    reader = Reader()
    reader.feed(text)
    assert reader.addresses == []
    assert not reader.tags.keys() & {"script", "img", "link", "iframe", "object", "form"}
    assert not re.search(r"url\(|@import", text)
    assert HOSTILE in "".join(reader.words), "what an arm said is shown as it is"


def test_the_page_shows_what_was_found(run):
    text = page(evaluation_of(run))
    reader = Reader()
    reader.feed(text)
    assert reader.tags["svg"] == 3, "arms, sweep and risk"
    assert "rag:k=2 +70 points over prompting" in text
    assert "The knee is rag:k=2" in text
    assert "prompting and rag:k=4: 10 the same, 30 different (0 won by the first, 30 by the second)" in text
    assert "rag:k=4 and rag:k=88: the same on all 40 questions." in text


def test_report_prints_table_pairs_and_sentence(run, tmp_path):
    done = call("report", run.path, "--html", tmp_path / "page.html")
    assert re.search(r"rag:k=2 +95\.0 +83…99", done.stdout)
    assert re.search(r"detectable +needed\n.*rag:k=2 − prompting .* [1-9]\d*\n", done.stdout)
    assert "Verdict: rag:k=2 +70 points over prompting" in done.stdout
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_note_stands_on_the_page_as_it_was_written(run, tmp_path):
    call("report", run.path, "--html", tmp_path / "page.html", "--note", f"A toy model. {HOSTILE}")
    reader = Reader()
    reader.feed((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert f"A toy model. {HOSTILE}" in reader.words
    assert reader.addresses == []


def test_compare_shows_who_won_which(run):
    done = call("compare", run.path, "rag:k=2", "rag:k=4", "--show", 1)
    assert "38 the same, 2 different: 0 won by rag:k=2, 2 won by rag:k=4" in done.stdout
    assert "… and 1 more won by rag:k=4." in done.stdout
    told = json.loads(call("compare", run.path, "prompting", "rag:k=4", "--json").stdout)
    assert (told["same"], len(told["first_won"]), len(told["second_won"])) == (10, 0, 30)


def test_an_arm_is_not_compared_with_itself(run):
    with pytest.raises(UsageError, match="the same arm"):
        _raise(call("compare", run.path, "rag:k=2", "rag:k=2"))


def test_the_gate_fails_on_a_significant_fall_and_on_nothing_else(run, tmp_path):
    baseline = tmp_path / "baseline.json"
    baseline.write_text(call("report", run.path, "--json").stdout, encoding="utf-8")
    assert call("gate", run.path, "--baseline", baseline).return_value == 0
    little = folder(tmp_path / "b", {"rag:k=4": [1] * 37 + [0] * 3})
    assert call("gate", little.path, "--baseline", baseline).return_value == 0
    worse = folder(tmp_path / "c", {"rag:k=4": [1] * 20 + [0] * 20})
    done = call("gate", worse.path, "--baseline", baseline, "--json")
    assert done.return_value == 7
    assert json.loads(done.stdout)["arms"][0]["difference"] == -0.5


def test_the_gate_refuses_what_cannot_be_compared(run, tmp_path):
    baseline = tmp_path / "baseline.json"
    baseline.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="is no stored report"):
        _raise(call("gate", run.path, "--baseline", baseline))
    baseline.write_text(call("report", run.path, "--json", "--metric", "f1").stdout, encoding="utf-8")
    with pytest.raises(UsageError, match="judged by 'f1', this run by 'contains'"):
        _raise(call("gate", run.path, "--baseline", baseline))


def _raise(done):
    raise done.exception
