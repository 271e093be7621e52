"""The Evaluate page by itself: a small comparison, and what it needs."""

from __future__ import annotations

from pathlib import Path

from eval.question_sets.kept import keep_questions
from eval.samples import Question
from tests.ui.pages import WAIT, opened


def test_a_small_comparison_says_which_way_pays(collection: Path):
    keep_questions(
        collection,
        "mine.jsonl",
        [
            Question("q1", "When is parking free?", answers=("Sundays",), source="parking.md"),
            Question("q2", "What does the company pay for glasses?", answers=("200 euros",), source="glasses.md"),
        ],
    )
    app = opened("evaluate")
    next(button for button in app.button if button.label == "Compare").click().run()
    assert not app.exception
    from ui.state import evaluations

    assert evaluations()[str(collection)].wait(WAIT).state == "done"
    app.run()
    assert not app.exception
    assert any(
        "adds nothing" in str(element.value) or "points over" in str(element.value) for element in app.get("html")
    )
    assert any(element.value == "Result" for element in app.subheader)


def test_evaluate_says_what_it_needs(collection: Path):
    app = opened("evaluate")
    assert any("No question set yet" in element.value for element in app.markdown)
    assert not [button for button in app.button if button.label == "Compare"]
