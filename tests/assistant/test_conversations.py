"""Kept answers are brought together to the conversations that they were given in."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answers import Answer
from assistant.conversations import belonging, past_conversations
from assistant.history import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    kept = History(tmp_path)
    keep(kept, "How long is leave?", "14 weeks.", "aaaa")
    keep(kept, "What does a badge cost?", "35 euros.")
    keep(kept, "And in Norway?", "49 weeks.", "aaaa")
    return kept


def keep(history: History, question: str, text: str, conversation: str = "") -> None:
    answer = Answer(question, text, (), False, 0.9, (), "extractive")
    history.keep(answer, belonging({}, conversation) if conversation else {})


def test_a_conversation_is_whole_and_in_its_order(history: History):
    (first, second), total = past_conversations(history)
    assert total == 2
    assert (first.id, first.title) == ("aaaa", "How long is leave?")
    assert [run.answer.question for run in first.runs] == ["How long is leave?", "And in Norway?"]
    assert first.last_asked >= first.runs[0].asked
    assert second.title == "What does a badge cost?"
    assert second.id == second.runs[0].id


def test_words_of_one_answer_find_the_whole_conversation(history: History):
    [found], _ = past_conversations(history, "norway")
    assert len(found.runs) == 2
    assert past_conversations(history, "norway badge") == ([], 0)


def test_nothing_was_kept(tmp_path: Path):
    assert past_conversations(History(tmp_path)) == ([], 0)
