"""The Library page by itself: what a collection holds, how more comes in, how it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant
from ingest.changes import Put
from ingest.documents import Hit
from tests.support.office_files import make_xlsx
from tests.support.office_locks import locked
from tests.support.pdf_files import encrypted, make_pdf
from tests.ui.pages import WAIT, opened, texts

ROW = ["A lost badge", "35 euros, to be paid in cash"]
LOCKED = {
    "locked.pdf": lambda: encrypted(make_pdf([["A lost badge costs 35 euros, to be paid in cash."]]), user="secret"),
    "locked.xlsx": lambda: locked(make_xlsx({"Fees": [["What", "Costs"], ROW]}), "secret"),
}


def test_library_lists_searches_and_removes_with_a_receipt(collection: Path):
    app = opened("library")
    assert list(app.dataframe[0].value["Name"]) == ["glasses.md", "parking.md"]
    app.text_input(key="retrieval").set_value("glasses").run()
    assert "glasses.md" in app.markdown[-1].value or any("glasses" in element.value for element in app.markdown)
    app.session_state.removing = (collection, list(app.dataframe[0].value["Path"][:1]))
    app.run()
    next(button for button in app.button if button.label == "Yes, remove").click().run()
    assert not app.exception
    assert list(app.dataframe[0].value["Name"]) == ["parking.md"]
    assert [receipt.chunks for receipt in app.session_state.receipts[1]] == [1]


def test_a_reranker_orders_what_is_tried_and_both_ranks_are_shown(collection: Path, monkeypatch: pytest.MonkeyPatch):
    looks: list[int] = []

    class Backwards:
        depth = 50

        def __init__(self, model: str) -> None:
            assert model == "some/cross-encoder"

        def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
            looks.append(len(hits))
            return list(reversed(hits))

    monkeypatch.setattr("assistant.reranking.CrossEncoderReranker", Backwards)
    monkeypatch.setattr("ui.widgets.trying.HITS", 1)
    app = opened("library")
    app.text_input(key="retrieval").set_value("glasses of the company").run()
    assert "glasses" in texts(app)
    assert "by the search alone" not in texts(app)
    app.session_state.kestrel.reranker = "some/cross-encoder"
    app.run()
    assert not app.exception
    [shown] = [element.value for element in app.markdown if "score" in element.value]
    assert shown.startswith("**1. parking")
    assert shown.endswith(" · 2 by the search alone")
    assert "looked at 2 again" in texts(app)
    app.run()
    assert looks == [2], "every click draws the page, and none looks again"
    app.text_input(key="retrieval").set_value("parking").run()
    assert looks == [2, 2]


def test_library_adds_a_folder(collection: Path, tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "dogs.md").write_text("Dogs are welcome in the office.\n", "utf-8")
    app = opened("library")
    next(field for field in app.text_input if field.label.startswith("A folder")).set_value(str(tmp_path / "more"))
    next(button for button in app.button if button.label == "Add folder").click().run()
    from ui.state import runs

    assert runs()[str(collection)].wait(WAIT).state == "done"
    app.run()
    assert "dogs.md" in list(app.dataframe[-1].value["Name"])


def test_a_folder_that_is_not_there_leaves_the_rest_of_the_page(collection: Path):
    app = opened("library")
    next(field for field in app.text_input if field.label.startswith("A folder")).set_value("/not/there")
    next(button for button in app.button if button.label == "Add folder").click().run()
    assert not app.exception
    assert "There is no file or folder /not/there" in texts(app)
    assert [heading.value for heading in app.subheader] == ["Documents", "Try the search", "Collections"]


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_file_is_opened_with_its_password(collection: Path, tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(LOCKED[name]())
    from ui.state import runs

    app = opened("library")
    next(field for field in app.text_input if field.label.startswith("A folder")).set_value(str(tmp_path))
    next(button for button in app.button if button.label == "Add folder").click().run()
    assert runs()[str(collection)].wait(WAIT).state == "done"
    app.run()
    assert "locked: it needs a password" in list(app.dataframe[0].value["Remarks"])
    for password in ("wrong", "secret"):
        next(field for field in app.text_input if field.label == "Password").set_value(password)
        next(button for button in app.button if button.label == "Unlock and read").click().run()
        assert runs()[str(collection)].wait(WAIT).state == "done"
        app.run()
        assert not app.exception
        assert (not [field for field in app.text_input if field.label == "Password"]) == (password == "secret")
    with Assistant.open(collection) as kestrel:
        assert kestrel.knowledge.search("lost badge", 1)[0].source == str(tmp_path / name)
    assert not [path for path in collection.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


def test_library_tells_which_files_changed_or_went(collection: Path, tmp_path: Path):
    (tmp_path / "documents" / "glasses.md").unlink()
    (tmp_path / "documents" / "parking.md").write_text("# Parking\n\nParking is free on Mondays.\n", "utf-8")
    warnings = list(opened("library").dataframe[0].value["Warnings"])
    assert warnings == ["the file is gone; its text is kept", "changed since it was read"]


def test_library_tells_what_an_older_version_read_and_reads_it_again(collection: Path):
    with Assistant.open(collection) as kestrel:
        store = kestrel.knowledge.store
        entry, model = store.entry(store.sources()[1]), store.model()
        assert entry
        assert model
        assert "Sundays" in entry.document.text
        old = replace(entry.document, text=entry.document.text.replace("Sundays", "5undays"), reading=0)
        store.commit([Put(replace(entry, document=old), model)])
    app = opened("library")
    assert list(app.dataframe[0].value["Warnings"]) == ["", "read by an older version: ingest add --again"]
    next(button for button in app.button if button.label == "Read 1 file of an older version again").click().run()
    from ui.state import runs

    assert runs()[str(collection)].wait(WAIT).state == "done"
    app.run()
    assert not app.exception
    assert list(app.dataframe[-1].value["Warnings"]) == ["", ""]
    assert not [button for button in app.button if "older version" in button.label]
    with Assistant.open(collection) as kestrel:
        assert "Sundays" in kestrel.knowledge.text("parking.md")


def test_a_large_collection_is_narrowed_by_words_instead_of_being_listed(
    collection: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ui.widgets.sidebar.MOST_LISTED", 1)
    monkeypatch.setattr("ui.widgets.holdings.MOST_ROWS", 1)
    app = opened("library")
    assert list(app.dataframe[0].value["Name"]) == ["glasses.md"]
    assert "The first 1 of 2 are shown" in texts(app)
    next(field for field in app.text_input if field.label == "Find documents").set_value("PARK").run()
    assert list(app.dataframe[0].value["Name"]) == ["parking.md"]
    app = opened("ask")
    assert not app.multiselect
    next(field for field in app.sidebar.text_input if field.label == "Documents").set_value("gla*.md").run()
    app.chat_input[0].set_value("How much does the company pay for glasses?").run()
    answer = app.session_state.kestrel.exchanges[-1].answer
    assert {Path(passage.source).name for passage in answer.passages} == {"glasses.md"}
