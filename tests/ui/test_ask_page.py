"""The Ask page by itself, run by Streamlit without a browser: what it shows first, and what its buttons do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant import Assistant
from ingest.documents import Hit
from ingest.pipeline import IngestOptions
from tests.support.pdf_files import encrypted, make_pdf
from tests.ui.pages import opened, texts


def test_ask_answers_with_a_citation_and_its_source(collection: Path):
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    assert "parking, free" in texts(app)
    [exchange] = app.session_state.kestrel.exchanges
    assert exchange.answer.sentences[0].support == "supported"
    assert app.session_state.kestrel.shown is not None
    assert [button for button in app.button if button.key == "citation-0-0-0"]
    assert any("parking" in str(element.value) for element in app.markdown)


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps files that are open")
def test_ask_says_that_an_index_is_damaged(collection: Path):
    with Assistant.open(collection) as kestrel:
        kestrel.knowledge.store.maintain()
    [segment] = (collection / "segments").iterdir()
    segment.write_bytes(segment.read_bytes()[:-1])
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    assert app.session_state.kestrel.exchanges[0].answer.sentences[0].support == "supported"
    [warning] = app.warning
    assert "ingest rebuild" in warning.value


def test_a_collection_that_was_made_anew_under_the_page_is_opened_again(collection: Path, tmp_path: Path):
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    shutil.rmtree(collection)
    (tmp_path / "documents" / "parking.md").write_text("# Parking\n\nParking is free on Mondays.\n", "utf-8")
    with Assistant.open(collection) as kestrel:
        kestrel.add(tmp_path / "documents")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    first, second = app.session_state.kestrel.exchanges
    assert "Sundays" in first.answer.text
    assert "Mondays" in second.answer.text


def test_ask_says_when_the_documents_do_not_tell_and_answers_anyway_when_told_to(collection: Path):
    app = opened("ask")
    app.chat_input[0].set_value("Who was the first woman on the moon?").run()
    assert any("Not found in these documents" in str(element.value) for element in app.markdown)
    app.button(key="insist-0").click().run()
    assert not app.exception
    assert app.session_state.kestrel.exchanges[1].insisted
    assert app.session_state.kestrel.exchanges[1].answer.sentences


def test_an_empty_collection_offers_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "empty"))
    app = opened("ask")
    assert [button.label for button in app.button] == ["Add documents", "Try the sample collection"]
    assert not app.chat_input


def test_files_without_text_leave_the_first_steps_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "locked.pdf").write_bytes(encrypted(make_pdf([["Nothing is seen of this."]]), user="secret"))
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(tmp_path / "locked.pdf")
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "kb"))
    app = opened("ask")
    assert [button.label for button in app.button] == ["Add documents", "Try the sample collection"]


def test_the_page_of_a_file_under_a_password_is_drawn_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = make_pdf([["A lost badge costs 35 euros."]])
    (tmp_path / "locked.pdf").write_bytes(encrypted(page, user="secret-of-the-file"))
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(tmp_path / "locked.pdf", options=IngestOptions(password="secret-of-the-file"))
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "kb"))
    app, another = opened("ask"), opened("ask")
    app.chat_input[0].set_value("What does a lost badge cost?").run()
    assert not app.get("image")
    for password, right in (("another", False), ("secret-of-the-file", True)):
        next(field for field in app.text_input if field.label == "Password of the file").set_value(password)
        next(button for button in app.button if button.label == "Show the page").click().run()
        assert not app.exception
        assert ("That does not open it" in texts(app)) == (not right)
        assert len(app.get("image")) == right
    assert "secret-of-the-file" not in f"{texts(app)}{app.session_state!r}"
    kept = [path for path in (tmp_path / "kb").rglob("*") if path.is_file() and b"secret-of" in path.read_bytes()]
    assert kept == []
    another.chat_input[0].set_value("What does a lost badge cost?").run()
    assert not another.get("image"), "it was given in one tab"


def test_a_model_that_is_not_there_is_an_error_in_words_or_the_documents_own(collection: Path, monkeypatch):
    monkeypatch.setenv("KESTREL_LLM", "tgi:http://127.0.0.1:9")
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    [exchange] = app.session_state.kestrel.exchanges
    assert exchange.answer.degraded
    assert any("did not answer" in warning.value for warning in app.warning)


def test_a_reranker_has_its_stage_and_is_in_the_command(collection: Path, monkeypatch: pytest.MonkeyPatch):
    class Backwards:
        depth = 5

        def __init__(self, model: str) -> None:
            assert model == "some/cross-encoder"

        def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
            return list(reversed(hits))

    monkeypatch.setattr("assistant.reranking.CrossEncoderReranker", Backwards)
    monkeypatch.setenv("KESTREL_RERANKER", "some/cross-encoder")
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    assert "rerank" in texts(app)
    assert any("--reranker some/cross-encoder" in element.value for element in app.code)
