"""When a question leans on the one before it, both are searched for."""

import pytest

from assistant.answers import Turn
from assistant.followups import standalone

HISTORY = [Turn("How long is parental leave?", "Sixteen weeks.")]


@pytest.mark.parametrize("question", ["Can it be split?", "And for fathers?", "Why?", "What about adoption?"])
def test_it_leans(question):
    assert standalone(question, HISTORY) == f"How long is parental leave? {question}"


@pytest.mark.parametrize(
    "question", ["Where are train tickets booked for business travel?", "Who approves expense reports?"]
)
def test_it_stands_alone(question):
    assert standalone(question, HISTORY) == question


def test_without_history_nothing_is_added():
    assert standalone("Can it be split?", []) == "Can it be split?"
