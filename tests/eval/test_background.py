"""Evaluations in the background, question sets of a collection, and verdicts that become questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answers import Answer
from assistant.history import History
from eval.background import EvaluationRun
from eval.evaluation import Plan
from eval.question_sets import load
from eval.question_sets.judged import can_be_judged, judged_questions
from eval.question_sets.kept import keep_questions, keep_set, kept_runs, kept_sets, run_folder
from eval.samples import Question, QuestionSet
from eval.variants import parse_arms
from eval.variants.setup import Setup
from ingest.errors import UsageError

WAIT = 60  # seconds
QUESTIONS = tuple(
    Question(
        f"q{number}", f"What does a badge number {number} cost?", answers=(f"{number}5 euros",), source="badges.md"
    )
    for number in range(1, 7)
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("evaluated")
    (home / "badges.md").write_text(
        "# Badges\n\n" + "\n\n".join(f"A badge number {n} costs {n}5 euros." for n in range(1, 7)), "utf-8"
    )
    with Assistant.open(home / "kb") as kestrel:
        kestrel.add(home / "badges.md")
    return home / "kb"


def plan(collection: Path, arms: str = "extractive:k=1,extractive:k=5") -> Plan:
    questions = keep_questions(collection, "badges.jsonl", QUESTIONS)
    return Plan(Setup(collection), parse_arms(arms), questions, run_folder(collection, questions))


def test_a_run_is_watched_to_its_end_and_found_again(collection: Path):
    run = EvaluationRun(plan(collection))
    view = run.wait(WAIT)
    assert (view.state, view.error) == ("done", None)
    assert view.found is not None
    assert view.found.arms == ("extractive:k=1", "extractive:k=5")
    assert view.step is not None
    assert view.step.done == view.step.total == 2 * len(QUESTIONS)
    assert kept_runs(collection) == [Path(run.plan.folder)]
    again = EvaluationRun(plan(collection)).wait(WAIT)
    assert again.step is not None
    assert again.step.reused == again.step.total


def test_a_run_that_cannot_be_is_an_error_in_words(collection: Path):
    view = EvaluationRun(plan(collection, "extractive:nonsense=1")).wait(WAIT)
    assert view.state == "failed"
    assert view.error is not None


def test_a_stopped_run_goes_on_later(collection: Path, tmp_path: Path):
    asked = plan(collection)
    asked = Plan(asked.setup, asked.arms, asked.questions, tmp_path / "run", workers=1)
    run = EvaluationRun(asked)
    run.stop()
    assert run.wait(WAIT).state == "stopped"
    assert EvaluationRun(asked).wait(WAIT).state == "done"


def test_what_is_no_question_set_is_not_kept(tmp_path: Path):
    with pytest.raises(UsageError):
        keep_set(tmp_path, "../notes.jsonl", b'{"nothing": 1}\n')
    assert kept_sets(tmp_path) == []
    keep_set(tmp_path, "../notes.jsonl", b'{"question": "Why?", "answers": ["So"]}\n')
    assert kept_sets(tmp_path) == [tmp_path / "questions" / "notes.jsonl"]


def test_verdicts_become_questions(collection: Path, tmp_path: Path):
    history = History(tmp_path)
    with Assistant.open(collection) as kestrel:
        answer = kestrel.ask("What does a badge number 3 cost?")
    history.feedback(history.keep(answer).id, "good")
    refusal = history.keep(Answer("Who?", "Not here.", (), True, 0.1, (), "extractive"))
    history.feedback(refusal.id, "good")
    wrong = history.keep(Answer("When?", "Now.", (), False, 0.9, (), "extractive"))
    history.feedback(wrong.id, "wrong", "on Sundays")
    lost = history.keep(Answer("Where?", "There.", (), False, 0.9, (), "extractive"))
    history.feedback(lost.id, "missing")
    good, refused, mended, open_ = judged_questions(history.judged())
    assert (good.source, good.answers, good.kind) == ("badges.md", (), "good")
    start, end = good.span
    with Assistant.open(collection) as kestrel:
        document = kestrel.knowledge.document(answer.passages[0].document_id)
        assert "35 euros" in document.text[start:end]
    assert not refused.answerable
    assert (mended.answers, open_.answers) == (("on Sundays",), ())
    assert [can_be_judged(each) for each in (good, refused, mended, open_)] == [True, True, True, False]
    kept = keep_questions(tmp_path, "judged.jsonl", [good, refused, mended])
    assert isinstance(kept, QuestionSet)
    assert load(tmp_path / "questions" / "judged.jsonl").questions == (good, refused, mended)
