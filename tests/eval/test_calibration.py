"""Thresholds keep the risk they promise, over many draws of the questions; the command writes what `ask` reads."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given as drawn_from
from hypothesis import strategies as st

from assistant import Assistant
from assistant.answers import Answer
from assistant.calibration import Calibration, Limit, limited, load_calibration, save_calibration
from eval.calibration.reliability import bins_of
from eval.calibration.thresholds import Given, curve_of, halves, limit_for
from eval.cli import evaluation
from ingest.errors import UsageError

DRAWS = 1_000


def draw(chance: random.Random, count: int) -> list[Given]:
    """Replies of which an answer of confidence c is right with probability c², one in seven not given."""
    replies = []
    for number in range(count):
        confidence = round(chance.random(), 2)
        right = chance.random() < 1 - (1 - confidence) ** 2
        replies.append(Given(f"{chance.random()}-{number}", chance.random() < 6 / 7, confidence, right))
    return replies


def true_risk(threshold: float) -> float:
    """Of all answers with a confidence from the threshold on: the mean of (1 − c)² over c, evenly from there to 1."""
    return (1 - threshold) ** 2 / 3


@pytest.mark.slow
@pytest.mark.parametrize(("risk", "questions"), [(0.05, 1_200), (0.1, 600)])
def test_the_bound_holds_in_95_of_100_draws(risk: float, questions: int):
    chance = random.Random(7)
    broken = shown = 0
    for _ in range(DRAWS):
        limit = limit_for(risk, *halves(draw(chance, questions)))
        if limit.threshold is not None:
            shown += 1
            broken += true_risk(limit.threshold) > risk
    assert shown > DRAWS / 4  # a threshold that is never given keeps every promise
    assert broken <= 0.05 * DRAWS


def test_too_few_questions_show_nothing_and_nothing_is_answered():
    limit = limit_for(0.01, *halves(draw(random.Random(1), 40)))
    assert limit == Limit(0.01, None, 0.0, 1.0, 0)


def test_without_any_answer_there_is_no_threshold():
    none = [Given(str(number), False, 0.0, False) for number in range(50)]
    assert limit_for(0.1, *halves(none)).threshold is None
    assert curve_of(none) == ()


def test_the_curve_never_falls_and_is_near_the_truth():
    curve = curve_of(draw(random.Random(3), 4_000))
    confidences, probabilities = zip(*curve, strict=True)
    assert list(confidences) == sorted(confidences)
    assert (np.diff(probabilities) >= 0).all()
    made = Calibration("m", "e", 1, "", curve, ())
    for confidence in (0.2, 0.5, 0.8):
        assert made.probability(confidence) == pytest.approx(1 - (1 - confidence) ** 2, abs=0.12)
    assert made.probability(0.0) == probabilities[0]


@drawn_from(
    st.lists(st.tuples(st.sampled_from([n / 20 for n in range(21)]), st.booleans(), st.booleans()), max_size=120),
)
def test_bins_hold_every_answer_once_in_rising_confidence(replies):
    given = [Given("q", answered, confidence, right) for confidence, answered, right in replies]
    answered = [each for each in given if each.answered]
    bins = bins_of(given)
    assert sum(each.answers for each in bins) == len(answered)
    assert sum(each.right for each in bins) == sum(each.right for each in answered)
    assert [each.confidence for each in bins] == sorted({each.confidence for each in bins})
    assert len(bins) <= 8
    assert all(each.answers >= min(5, len(answered)) for each in bins)


def test_bins_of_a_known_confidence_lie_on_its_curve():
    for each in bins_of(draw(random.Random(5), 4_000)):
        assert each.share == pytest.approx(1 - (1 - each.confidence) ** 2, abs=0.06)


def test_an_answer_outside_the_limit_is_an_abstention():
    made = Calibration("m", "e", 1, "", ((0.0, 0.3), (0.5, 0.9)), (Limit(0.05, 0.5, 0.5, 0.04, 80),))
    sure, unsure = (Answer("q", "It is 7.", (), False, confidence, (), "m") for confidence in (0.6, 0.4))
    assert limited(sure, made, made.limit(0.05)).text == "It is 7."
    assert limited(sure, made, made.limit(0.1)).confidence == 0.9
    refused = limited(unsure, made, made.limit(0.05))
    assert refused.abstained
    assert refused.confidence == 0.3
    with pytest.raises(UsageError, match=r"smallest is 0\.05"):
        made.limit(0.01)


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path):
    made = Calibration("m", "e", 9, "f", ((0.1, 0.2),), (Limit(0.05, None, 0.0, 1.0, 0),))
    save_calibration(tmp_path, made)
    assert load_calibration(tmp_path) == made
    (tmp_path / "calibration.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        load_calibration(tmp_path)
    with pytest.raises(UsageError, match="was not calibrated"):
        load_calibration(tmp_path / "other")


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    documents, questions = tmp_path / "docs", []
    documents.mkdir()
    for number in range(40):
        name = f"Device{number:02}"
        (documents / f"{name}.md").write_text(f"# {name}\n\nThe {name} weighs {number + 50} grams.\n", encoding="utf-8")
        questions.append(
            {"id": name, "question": f"How much does the {name} weigh?", "answers": [f"{number + 50} grams"]}
        )
        other = f"Which poet praised the {name} in a sonnet?"
        questions.append({"id": f"no-{name}", "question": other, "answers": [], "answerable": False})
    lines = "".join(json.dumps(each) + "\n" for each in questions)
    (tmp_path / "set.jsonl").write_text(lines, encoding="utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(documents)
    return tmp_path / "kb"


def test_from_questions_to_answers_within_a_risk(kb: Path):
    drawing = kb.parent / "calibration.html"
    arguments = ["calibrate", "--kb", str(kb), "--questions", str(kb.parent / "set.jsonl"), "--json"]
    arguments += ["--html", str(drawing)]
    done = CliRunner().invoke(evaluation, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["questions"] == 80
    assert told["risk_coverage"]
    drawn = drawing.read_text("utf-8")
    assert drawn.count("<svg") == 2
    assert drawn.count("<tr>") == 1 + len(told["limits"])
    limits = {limit["risk"]: limit for limit in told["limits"]}
    assert limits[0.01]["threshold"] is None  # 40 questions cannot show it
    assert limits[0.3]["threshold"] is not None
    with Assistant.open(kb, max_risk=0.3) as kestrel:
        assert "57 grams" in kestrel.ask("How much does the Device07 weigh?").text
    with Assistant.open(kb, max_risk=0.01) as kestrel:
        assert kestrel.ask("How much does the Device07 weigh?").abstained
    with pytest.raises(UsageError, match="smallest"):
        Assistant.open(kb, max_risk=0.001)
