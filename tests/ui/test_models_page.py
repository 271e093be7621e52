"""The Models page by itself: servers that are added, tested, kept and measured."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ui.pages import WAIT, opened, texts
from ui.keeping import settings_of


def test_models_lists_the_known_ones_and_tests_a_server(collection: Path):
    app = opened("models")
    assert any("falconlite2" in expander.label for expander in app.expander)
    next(field for field in app.text_input if field.label == "Server").set_value("tgi:http://127.0.0.1:9")
    next(button for button in app.button if button.label == "Add").click().run()
    app.button(key="test-tgi:http://127.0.0.1:9").click().run()
    assert not app.exception
    assert any("✗" in element.value and "model" in element.value for element in app.markdown)


def test_a_tokenizer_file_is_kept_with_its_server_and_said_to_be_missing_where_it_is(collection: Path, tmp_path: Path):
    tokenizer = tmp_path / "tokenizer.json"
    app = opened("models")
    next(field for field in app.text_input if field.label == "Server").set_value("tgi:http://127.0.0.1:9")
    next(field for field in app.text_input if field.label == "Tokenizer file").set_value(str(tokenizer))
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    assert f"There is no file {tokenizer}." in texts(app)
    assert [heading.value for heading in app.subheader] == ["Model servers", "Known models"]
    tokenizer.write_text("{}", "utf-8")
    next(button for button in app.button if button.label == "Add").click().run()
    assert settings_of(app.session_state.kestrel)["tokenizer"] == str(tokenizer)


def test_a_server_is_there_when_the_page_is_loaded_anew_and_its_key_is_not(collection: Path):
    spec = "openai:http://127.0.0.1:9/v1#some-model"
    app = opened("models")
    next(field for field in app.text_input if field.label == "Server").set_value(spec)
    next(field for field in app.text_input if field.label.startswith("Key")).set_value("canary-of-the-key")
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    assert not [path for path in collection.rglob("*") if path.is_file() and b"canary-of-the-key" in path.read_bytes()]
    again = opened("models")
    assert again.session_state.kestrel.endpoints[spec].key == ""
    again.button(key=f"remove-{spec}").click().run()
    assert not again.exception
    assert spec not in opened("models").session_state.kestrel.endpoints


def test_a_server_that_means_nothing_is_refused_and_not_kept(collection: Path):
    app = opened("models")
    for spec, told in (
        ("tgi:http://me:secret@host", "holds a name or a password"),
        ("nonsense:1", "No module named"),
    ):
        next(field for field in app.text_input if field.label == "Server").set_value(spec)
        next(button for button in app.button if button.label == "Add").click().run()
        assert told in texts(app)
        assert "secret" not in texts(app)
    assert opened("models").session_state.kestrel.endpoints == {}


def test_models_measures_how_long_prompts_may_be_and_draws_it(collection: Path, tmp_path: Path):
    (tmp_path / "said.json").write_text(json.dumps(["I do not know."] * 100), "utf-8")
    spec = f"scripted:{tmp_path / 'said.json'}"
    app = opened("models")
    next(field for field in app.text_input if field.label == "Server").set_value(spec)
    next(button for button in app.button if button.label == "Add").click().run()
    app.button(key=f"measure-{spec}").click().run()
    assert not app.exception
    from ui.state import measurements

    assert measurements()[spec].wait(WAIT).state == "done"
    app.run()
    assert not app.exception
    assert "100% deep" in texts(app)
    assert "0 of 1" in texts(app)
    assert "finds too little" in texts(app)
