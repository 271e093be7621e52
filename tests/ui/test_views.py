"""Each page by itself, run by Streamlit without a browser: what it shows first, and what its buttons do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportlab.pdfgen.canvas import Canvas
from streamlit.testing.v1 import AppTest  # noqa: TID253

from assistant import Assistant
from assistant.answers import Answer
from assistant.conversations import past_conversations
from assistant.history import History
from eval.question_sets.kept import keep_questions
from eval.samples import Question
from ingest.documents import Hit
from tests.support.office_files import make_xlsx
from tests.support.office_locks import locked as locked_office_file
from ui.__main__ import main
from ui.keeping import history_of, settings_of, take_up
from ui.state import Session

WAIT = 60  # seconds


def page(name: str) -> str:
    return f"from ui.views import {name}\n{name}.show()\n"


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "parking.md").write_text("# Parking\n\nParking is free on Sundays and public holidays.\n", "utf-8")
    (documents / "glasses.md").write_text("# Glasses\n\nThe company pays 200 euros for glasses.\n", "utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(documents)
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "kb"))
    monkeypatch.delenv("KESTREL_LLM", raising=False)
    return tmp_path / "kb"


def opened(name: str) -> AppTest:
    app = AppTest.from_string(page(name), default_timeout=WAIT).run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("markdown", "html", "caption") for element in app.get(kind))


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


def test_a_model_that_is_not_there_is_an_error_in_words_or_the_documents_own(collection: Path, monkeypatch):
    monkeypatch.setenv("KESTREL_LLM", "tgi:http://127.0.0.1:9")
    app = opened("ask")
    app.chat_input[0].set_value("When is parking free?").run()
    assert not app.exception
    [exchange] = app.session_state.kestrel.exchanges
    assert exchange.answer.degraded
    assert any("did not answer" in warning.value for warning in app.warning)


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


@pytest.mark.parametrize("name", ["locked.pdf", "locked.xlsx"])
def test_a_locked_file_is_opened_with_its_password(collection: Path, tmp_path: Path, name: str):
    locked(tmp_path / name)
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


def locked(path: Path) -> None:
    if path.suffix == ".xlsx":
        sheet = make_xlsx({"Fees": [["What", "Costs"], ["A lost badge", "35 euros, to be paid in cash"]]})
        path.write_bytes(locked_office_file(sheet, "secret"))
        return
    canvas = Canvas(str(path), encrypt="secret")
    canvas.drawString(72, 500, "A lost badge costs 35 euros, to be paid in cash.")
    canvas.save()


def test_library_tells_which_files_changed_or_went(collection: Path, tmp_path: Path):
    (tmp_path / "documents" / "glasses.md").unlink()
    (tmp_path / "documents" / "parking.md").write_text("# Parking\n\nParking is free on Mondays.\n", "utf-8")
    warnings = list(opened("library").dataframe[0].value["Warnings"])
    assert warnings == ["the file is gone; its text is kept", "changed since it was read"]


def test_files_without_text_leave_the_first_steps_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    locked(tmp_path / "locked.pdf")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(tmp_path / "locked.pdf")
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "kb"))
    app = opened("ask")
    assert [button.label for button in app.button] == ["Add documents", "Try the sample collection"]


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


def test_models_lists_the_known_ones_and_tests_a_server(collection: Path):
    app = opened("models")
    assert any("falconlite2" in expander.label for expander in app.expander)
    next(field for field in app.text_input if field.label == "Server").set_value("tgi:http://127.0.0.1:9")
    next(button for button in app.button if button.label == "Add").click().run()
    app.button(key="test-tgi:http://127.0.0.1:9").click().run()
    assert not app.exception
    assert any("✗" in element.value and "model" in element.value for element in app.markdown)


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


def test_a_database_is_told_to_be_followed_by_a_folder():
    result = CliRunner().invoke(main, ["--kb", "postgresql://somewhere/kb", "--no-open"])
    assert result.exit_code == 2
    assert "ingest follow" in result.output
