"""The History page by itself, and what it has of the Ask page: answers kept, judged, found and taken up again."""

from __future__ import annotations

from pathlib import Path

from assistant.answers import Answer
from assistant.conversations import past_conversations
from assistant.history import History
from tests.ui.pages import opened
from ui.keeping import history_of, take_up
from ui.state import Session


def test_answers_are_kept_judged_found_and_taken_up_again(collection: Path):
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    app.chat_input[0].set_value("How much is paid for glasses?").run()
    assert not app.exception
    first, second = app.session_state.kestrel.exchanges
    history = History(collection)
    assert [run.answer.question for run in history.search()] == [second.question, first.question]
    app.get("feedback")[0].set_value(1).run()
    assert history.get(first.run).verdict == "good"
    app.get("feedback")[1].set_value(0).run()
    app.radio[0].set_value("missing")
    next(field for field in app.text_input if field.label == "In your words").set_value("It is 300 now")
    next(button for button in app.button if button.label == "Keep").click().run()
    assert not app.exception
    judged = history.get(second.run)
    assert (judged.verdict, judged.reason) == ("missing", "It is 300 now")

    app = opened("history")
    app.text_input(key="history-words").set_value("nothing of this").run()
    assert any("Nothing holds" in element.value for element in app.markdown)
    app.text_input(key="history-words").set_value("glasses").run()
    [title] = [expander.label for expander in app.expander]
    assert "When is parking free" in title
    assert "2 answers" in title


def test_a_conversation_is_forgotten_and_a_new_one_begun(collection: Path):
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    held = app.session_state.kestrel.conversation
    next(button for button in app.button if button.label == "New conversation").click().run()
    assert app.session_state.kestrel.exchanges == []
    assert app.session_state.kestrel.conversation != held
    app = opened("history")
    app.button(key=f"yes-delete-{held}").click().run()
    assert not app.exception
    assert History(collection).search() == []


def test_a_conversation_of_before_is_taken_up(collection: Path):
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    here = Session(collection)
    [past], total = past_conversations(history_of(here))
    assert total == 1
    take_up(here, past)
    assert here.conversation == app.session_state.kestrel.conversation
    assert here.exchanges[0].answer == app.session_state.kestrel.exchanges[0].answer


def test_history_pages_through_all_that_was_kept(collection: Path):
    history = History(collection)
    for number in range(65):
        history.keep(Answer(f"Question {number}?", "Yes.", (), False, 1.0, (), "extractive"))
    app = opened("history")
    assert [expander.label.split("?")[0] for expander in app.expander][:2] == ["**Question 64", "**Question 63"]
    app.session_state["history-page-"] = 3
    app.run()
    assert not app.exception
    assert [expander.label.split("?")[0] for expander in app.expander] == [f"**Question {n}" for n in (4, 3, 2, 1, 0)]
    app.text_input(key="history-words").set_value("question 17").run()
    assert ["Question 17" in expander.label for expander in app.expander] == [True]
