"""What a browser session sees before it has given the key, by Streamlit's AppTest."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest  # noqa: TID253

import ui.app
from tests.ui.pages import WAIT, texts
from ui.door import Door, lock

KEY = "a-Key-of-some-length-4711"
APP = str(Path(ui.app.__file__))


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A door before the pages, and how long those waited who tried it."""
    slept: list[float] = []
    monkeypatch.setattr("ui.door._doors", [Door(KEY, sleep=slept.append)])
    return slept


def opened() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=WAIT).run()
    assert not app.exception
    return app


def give(app: AppTest, key: str) -> AppTest:
    app.text_input[0].set_value(key)
    app.button[0].click().run()
    assert not app.exception
    return app


def is_shut(app: AppTest) -> bool:
    """One field, one button, and nothing of the pages."""
    fields = [field.label for field in app.text_input], [button.label for button in app.button]
    behind = [*app.chat_input, *app.selectbox, *app.multiselect, *app.sidebar.children, *app.get("page_link")]
    return fields == (["Key"], ["Open"]) and not behind and "kestrel" not in app.session_state


def test_the_field_alone_is_seen_and_no_page_runs(
    collection: Path, waited: list[float], monkeypatch: pytest.MonkeyPatch
):
    def ran() -> None:
        raise AssertionError("a page ran")

    monkeypatch.setattr("ui.state.session", ran)
    monkeypatch.setattr("ui.views.ask.session", ran)
    app = opened()
    assert is_shut(app)
    assert app.text_input[0].proto.type == app.text_input[0].proto.PASSWORD
    assert str(collection.parent) not in texts(app)
    assert is_shut(give(app, "wrong")), "nor after a wrong one"


def test_a_wrong_key_is_said_to_be_one_and_the_right_one_opens(collection: Path, waited: list[float]):
    app = give(opened(), KEY.lower())
    assert "That is not the key" in texts(app)
    assert waited == [1]
    give(app, KEY)
    assert not is_shut(app)
    assert app.chat_input[0].placeholder == "Ask your documents"
    assert KEY not in f"{texts(app)}{dict(app.query_params)}"
    assert KEY not in repr(app.session_state)
    app.chat_input[0].set_value("What does the company pay for glasses?").run()
    assert not app.exception
    assert "200 euros" in app.session_state.kestrel.exchanges[-1].answer.text


def test_each_session_has_to_give_it(collection: Path, waited: list[float]):
    assert not is_shut(give(opened(), KEY))
    assert is_shut(opened())


def test_no_session_brings_its_admission_along(collection: Path, waited: list[float]):
    for sent in (True, KEY, Door(KEY)):
        app = AppTest.from_file(APP, default_timeout=WAIT)
        app.session_state["opened"] = sent
        assert is_shut(app.run())


def test_an_empty_field_costs_no_try(collection: Path, waited: list[float]):
    assert is_shut(give(opened(), ""))
    assert waited == []


def test_without_a_key_nobody_is_asked(collection: Path):
    lock("")
    assert opened().chat_input[0].placeholder == "Ask your documents"
