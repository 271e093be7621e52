"""Published outputs score as published: the proof that tasks, parsers and metrics are the ones of the tables."""

from __future__ import annotations

import json
import random
import re
import string
from collections import Counter

import pytest
from click.testing import CliRunner

from eval.cli import evaluation
from eval.tasks.outputs import read_outputs
from eval.tasks.recorded import score_files, summary
from ingest.errors import UsageError


def responses(shared_data):
    return sorted((shared_data / "longeval" / "predictions" / "lines").glob("*/*_response.txt"))


def test_line_retrieval_scores_as_recorded_in_all_28_files(shared_data):
    files = responses(shared_data)
    assert len(files) == 28
    for outputs in files:
        size = outputs.name.partition("_")[0]
        found = summary(score_files("lines", shared_data / "longeval" / "lines" / f"{size}_lines.jsonl.gz", outputs))
        recorded = float(outputs.read_text(encoding="utf-8").rpartition("Accuracy: ")[2])
        assert found["accuracy"] == pytest.approx(recorded, abs=1e-9), outputs
        assert (found["n"], found["missing"]) == (50, 0)


def test_topic_retrieval_of_longchat_scores_as_known(shared_data):
    folder = shared_data / "longeval"
    scores = []
    for size in (5, 10, 15, 20, 25):
        outputs = folder / "predictions" / "topics" / "longchat-13b-16k" / f"{size}_response.txt"
        scores.append(
            summary(score_files("topics", folder / "topics" / f"{size}_topics.jsonl.gz", outputs))["accuracy"]
        )
    assert scores == [1.0, 1.0, 1.0, 0.98, 0.88]


@pytest.mark.parametrize(
    ("model", "accuracy"), [("turbo-16k-0613", 0.614), ("Claude-100k", 0.738), ("gpt4-32k", 0.822)]
)
def test_quality_scores_as_published(shared_data, model, accuracy):
    cases = shared_data / "leval" / "closed" / "quality.jsonl.gz"
    outputs = shared_data / "leval" / "predictions" / model / "quality.pred.jsonl.gz"
    arguments = ["score", "--task", "quality", "--cases", str(cases), "--outputs", str(outputs), "--json"]
    done = CliRunner().invoke(evaluation, arguments)
    found = json.loads(done.stdout)
    assert round(found["accuracy"], 3) == accuracy
    assert (found["n"], found["unparsed"]) == (202, 0)


def official_rules(prediction: str, golds: list[str]) -> tuple[float, float]:
    """SQuAD 2.0's rules written down a second time, in another way, to compare with."""

    def tokens(text: str) -> list[str]:
        letters = "".join(each for each in text.lower() if each not in set(string.punctuation))
        return [word for word in re.sub(r"\b(?:the|an|a)\b", " ", letters).split() if word]

    golds = [gold for gold in golds if tokens(gold)] or [""]
    exact, best = 0.0, 0.0
    for gold in golds:
        said, wanted = tokens(prediction), tokens(gold)
        exact = max(exact, float(" ".join(said) == " ".join(wanted)))
        common = sum(min(count, Counter(wanted)[word]) for word, count in Counter(said).items())
        if not said or not wanted:
            best = max(best, float(said == wanted))
        elif common:
            best = max(
                best, 2 * (common / len(said)) * (common / len(wanted)) / (common / len(said) + common / len(wanted))
            )
    return exact, best


def test_squad_scores_equal_the_official_rules_on_random_predictions(shared_data, tmp_path):
    from eval.question_sets import load

    cases = shared_data / "squad2" / "squad2-articles.json.gz"
    chance = random.Random(7)
    predictions, exact, f1 = {}, 0.0, 0.0
    questions = load(cases).questions
    for question in questions:
        predictions[question.id] = prediction = random_prediction(question, chance)
        exactly, best = official_rules(prediction, list(question.answers))
        exact, f1 = exact + exactly, f1 + best
    (tmp_path / "predictions.json").write_text(json.dumps(predictions), encoding="utf-8")
    found = summary(score_files("squad", cases, tmp_path / "predictions.json"))
    assert found["exact"] == pytest.approx(exact / len(questions), abs=1e-12)
    assert found["f1"] == pytest.approx(f1 / len(questions), abs=1e-12)
    assert 0.1 < found["exact"] < found["f1"] < 0.9, "predictions that are all right or all wrong prove nothing"


def random_prediction(question, chance: random.Random) -> str:
    words = question.context.split()
    start = chance.randrange(len(words))
    stretch = " ".join(words[start : start + chance.randint(1, 8)])
    gold = chance.choice(question.answers) if question.answers else ""
    return chance.choice(["", gold, gold.upper() + ".", f"The {gold}", f"{gold} {stretch}", stretch, "a", "!?"])


def test_outputs_that_do_not_belong_are_refused(tmp_path):
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "1", "question": "Where?", "answers": ["here"]}\n', encoding="utf-8")
    (tmp_path / "two.txt").write_text("here\nthere\n", encoding="utf-8")
    with pytest.raises(UsageError, match="2 outputs and 1 questions"):
        score_files("exact", cases, tmp_path / "two.txt")
    (tmp_path / "other.jsonl").write_text('{"id": "9", "text": "here"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="None of the 1 outputs has the id"):
        score_files("exact", cases, tmp_path / "other.jsonl")


def test_unparsed_and_missing_outputs_are_counted_by_themselves(tmp_path):
    cases = tmp_path / "cases.jsonl"
    rows = [{"id": str(n), "question": "How many?", "answers": [str(n)]} for n in range(4)]
    cases.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    outputs = tmp_path / "outputs.jsonl"
    said = [{"id": "0", "text": "It is 0"}, {"id": "1", "text": "no idea"}, {"id": "2", "text": "3"}]
    outputs.write_text("\n".join(map(json.dumps, said)), encoding="utf-8")
    found = summary(score_files("last_integer", cases, outputs))
    assert (found["accuracy"], found["n"], found["correct"]) == (0.25, 4, 1)
    assert (found["unparsed"], found["missing"]) == (1, 1)


def test_outputs_are_read_in_every_form(tmp_path):
    forms = {
        "ids.json": '{"q1": "yes", "q2": "no"}',
        "rows.jsonl": '{"id": "q1", "output": "yes"}\n{"id": "q2", "output": "no"}',
        "pred.jsonl": '{"query": "?", "gpt_pred": "yes"}\n{"query": "?", "gpt_pred": "no"}',
        "lines.txt": "yes\nno\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        outputs = read_outputs(tmp_path / name)
        assert list(outputs.by_id.values()) or list(outputs.in_order) == ["yes", "no"]
