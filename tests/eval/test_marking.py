"""Errors, abstentions, unparsed and truncated replies are counted apart from wrong ones."""

from __future__ import annotations

import pytest

from eval.evaluation import judged
from eval.reporting.arms import figures
from eval.reporting.breakdown import by_kind, pair
from eval.reporting.curves import risk_coverage, sweeps
from eval.samples import Place, Question, Reply
from eval.scoring.marking import mark, metric_for
from ingest.errors import UsageError

SHORT = Question("q", "When?", ("1911",), source="a.pdf", pages=(2,))
CHOICE = Question("c", "Which?", choices=("red", "blue"), answer="B")
NONE = Question("n", "Who?", answerable=False)


def reply(text: str = "", **more: object) -> Reply:
    return Reply("key", "arm", "q", text, **more)


@pytest.mark.parametrize(
    ("question", "given", "metric", "outcome", "score"),
    [
        (SHORT, reply("In 1911."), "contains", "right", 1.0),
        (SHORT, reply("In 1912."), "contains", "wrong", 0.0),
        (SHORT, reply("In 19", finish="length"), "contains", "truncated", 0.0),
        (SHORT, reply("In 1911 and then", finish="length"), "contains", "right", 1.0),
        (SHORT, reply("In 1911.", error="cut off"), "contains", "error", 0.0),
        (SHORT, reply(abstained=True), "contains", "abstained", 0.0),
        (CHOICE, reply("B"), "choice", "right", 1.0),
        (CHOICE, reply("I do not know"), "choice", "unparsed", 0.0),
        (NONE, reply(abstained=True), "contains", "right", 1.0),
        (NONE, reply("Ann."), "contains", "wrong", 0.0),
        (SHORT, reply("x", cited=(Place("/d/a.pdf", 2, 0, 9),)), "citation", "right", 1.0),
        (SHORT, reply("x", cited=(Place("/d/a.pdf", 3, 0, 9),)), "citation", "wrong", 0.0),
        (SHORT, reply("maybe"), "number", "unparsed", 0.0),
    ],
)
def test_what_becomes_of_a_reply(question, given, metric, outcome, score):
    found = mark(question, given, metric)
    assert (found.outcome, found.score) == (outcome, score)


def test_the_metric_is_the_first_that_every_question_allows():
    long = Question("l", "Why?", ("because " * 20,))
    assert metric_for([CHOICE, NONE]) == "choice"
    assert metric_for([SHORT, NONE]) == "contains"
    assert metric_for([Question("l", "Why?", long.answers, source="a", pages=(1,)), SHORT]) == "citation"
    assert metric_for([long, SHORT]) == "f1"
    with pytest.raises(UsageError, match="Nothing says what is right for the question 'bare'"):
        metric_for([Question("bare", "Why?")])


def evaluation(scores: dict[str, list[int]], confidence: float = 0.5):
    questions = tuple(
        Question(f"q{n}", "?", ("yes",), source=f"d{n % 3}", kind="even" if n % 2 == 0 else "odd")
        for n in range(len(next(iter(scores.values()))))
    )
    replies = {
        arm: tuple(
            Reply("k", arm, question.id, "yes" if right else "no", confidence=1 - n / 100, prompt_tokens=100)
            for n, (question, right) in enumerate(zip(questions, row, strict=True))
        )
        for arm, row in scores.items()
    }
    return judged(questions, replies, "exact")


def test_risk_falls_and_coverage_rises_as_counted():
    points = risk_coverage(evaluation({"a": [1, 1, 0, 0]}), "a")
    assert [(point.coverage, point.risk) for point in points] == [
        (0.25, 0.0), (0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5),
    ]  # fmt: skip


def test_a_pair_says_who_won_which():
    found = pair(evaluation({"a": [1, 1, 0, 0], "b": [1, 0, 1, 1]}), "a", "b")
    assert (found.same, len(found.first_won), len(found.second_won)) == (1, 1, 2)
    assert found.first_won[0].question.id == "q1"


def test_the_knee_is_the_cheapest_that_no_dearer_one_beats():
    found = evaluation({"rag:k=1": [0] * 40, "rag:k=4": [1] * 40, "rag:k=9": [1] * 39 + [0]})
    (sweep,) = sweeps(found)
    assert (sweep.name, sweep.knee) == ("rag", "rag:k=4")


def test_figures_count_every_reply_once():
    found = evaluation({"a": [1, 1, 0, 0]})
    arm = figures(found, "a")
    assert arm.outcomes == {"right": 2, "wrong": 2}
    assert (arm.score, arm.questions, arm.abstention) == (0.5, 4, None)
    assert by_kind(found)["odd"]["a"] == (0.5, 2)
