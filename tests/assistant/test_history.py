"""Answers that were given are kept, found, judged and forgotten."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answers import (
    Answer,
    Citation,
    Completion,
    Ledger,
    LeftOut,
    Passage,
    Prompt,
    Sentence,
)
from assistant.history import History
from assistant.history.database import NAME
from assistant.history.reviving import read, written
from ingest.errors import KnowledgeBaseDamaged, UsageError

PASSAGE = Passage(1, "d" * 64, "/home/ada/handbook.pdf", 3, 10, 40, "Parental leave lasts 14 weeks.", 0.5, "iii")
CITATION = Citation(1, PASSAGE.source, 3, "iii", 10, 40, PASSAGE.text, verified=True)


def answer(question="How long is leave?", text=PASSAGE.text, run="", source=PASSAGE.source) -> Answer:
    passage = Passage(1, "d" * 64, source, 3, 10, 40, text, 0.5, "iii")
    sentences = (Sentence(text, (CITATION,), "supported"),)
    return Answer(question, text, sentences, False, 0.9, (passage,), "extractive", manifest={"run": run} if run else {})


def generated() -> Answer:
    left_out = (LeftOut("b.pdf", 2, "", "no room"),)
    ledger = Ledger(100, 90, 10, 1, 2, 0, 3, 40, 46, True, 60, "chunks", None, left_out)
    return Answer(
        "Why?",
        "Because.",
        (Sentence("Because.", (), "not_found"),),
        False,
        0.0,
        (PASSAGE,),
        "falconlite2",
        Prompt("Question: Why?", (PASSAGE,), ledger),
        Completion("Because. [9]", "stop", 46, 4),
        {"total": 0.5},
        {"run": "0123abcd", "chunks": [{"id": 1}], "history": []},
    )


@pytest.fixture
def kept(tmp_path) -> History:
    return History(tmp_path)


def test_an_answer_comes_back_as_it_was(kept):
    for given_answer in (answer(), generated()):
        run = kept.keep(given_answer, {"llm": "extractive"})
        assert run is not None
        assert kept.get(run.id).answer == given_answer
        assert kept.get(run.id).settings == {"llm": "extractive"}
    assert kept.get("0123abcd").answer.prompt.ledger.left_out == generated().prompt.ledger.left_out


def test_a_name_that_is_taken_is_drawn_again(kept, monkeypatch):
    draws = iter(["0000aaaa", "0000aaaa", "0000aaaa", "0000bbbb"])
    monkeypatch.setattr("assistant.history.history.new_id", lambda: next(draws))
    first, second = kept.keep(answer("Why?")), kept.keep(answer("How?"))
    assert (first.id, second.id) == ("0000aaaa", "0000bbbb")
    assert [kept.get(run.id).answer.question for run in (first, second)] == ["Why?", "How?"]


@settings(max_examples=50)
@given(st.text(), st.text(), st.floats(0, 1), st.dictionaries(st.text(), st.floats(0, 9)))
def test_writing_and_reading_are_inverse(question, text, confidence, timings):
    noun = Answer(question, text, (Sentence(text, (CITATION,), "partly"),), True, confidence, (), "m", timings=timings)
    assert read(Answer, written(noun)) == noun


def test_fields_of_another_version_do_no_harm():
    value = json.loads(written(answer()))
    value["mood"] = "good"
    value["sentences"][0]["colour"] = "red"
    del value["searched_for"]
    assert read(Answer, json.dumps(value)) == answer()


def test_runs_are_found_by_all_of_the_words_newest_first(kept):
    first = kept.keep(answer("How long is parental leave?"))
    second = kept.keep(answer("Who signs?", "The manager signs for ÜBERSTUNDEN 100% of the time."))
    assert [run.id for run in kept.search()] == [second.id, first.id]
    assert [run.id for run in kept.search("LEAVE parental")] == [first.id]
    assert [run.id for run in kept.search("überstunden 100%")] == [second.id]
    assert kept.search("leave moon") == []
    assert [run.id for run in kept.search(limit=1)] == [second.id]


def test_conversations_are_found_by_the_words_of_any_of_their_answers_and_listed_whole(kept):
    for number in range(60):
        kept.keep(answer(f"Question {number}?", run=f"{number:08x}"), {"conversation": f"c{number % 3}"})
    kept.keep(answer("On its own?", run="ffffffff"))
    found, total = kept.conversations("question 37?")
    assert total == 1
    [(name, runs)] = found
    assert name == "c1"
    assert [run.answer.question for run in runs] == [f"Question {n}?" for n in range(1, 60, 3)]
    names = [name for name, _ in kept.conversations(limit=2)[0]] + [name for name, _ in kept.conversations(skip=2)[0]]
    assert names == ["ffffffff", "c2", "c1", "c0"]
    assert kept.conversations()[1] == 4


def test_a_run_is_named_by_its_beginning_or_as_the_last(kept):
    kept.keep(answer(run="aa11bb22"))
    kept.keep(answer(run="aa33cc44"))
    assert kept.get("aa1").id == "aa11bb22"
    assert kept.get("last").id == "aa33cc44"
    with pytest.raises(UsageError, match="'aa' may be any of aa11bb22, aa33cc44"):
        kept.get("aa")
    for name in ("ff", "%", "_", "aa11bb22 "):
        with pytest.raises(UsageError, match="There is no run"):
            kept.get(name)


def test_where_nothing_was_kept_nothing_is_found_and_no_file_is_made(kept, tmp_path):
    assert kept.search() == []
    assert list(kept.judged()) == []
    assert kept.forget("handbook.pdf") == 0
    with pytest.raises(UsageError, match="There is no run 'last'"):
        kept.get("last")
    assert list(tmp_path.iterdir()) == []


def test_verdicts_are_kept_with_the_answer_and_can_be_changed(kept):
    for name in ("11111111", "22222222", "33333333"):
        kept.keep(answer(run=name))
    assert kept.feedback("1", "good").verdict == "good"
    kept.feedback("3", "missing", "It is on page 9.")
    kept.feedback("1", "wrong", "14 weeks since May")
    assert [(run.id, run.verdict, run.reason) for run in kept.judged()] == [
        ("11111111", "wrong", "14 weeks since May"),
        ("33333333", "missing", "It is on page 9."),
    ]
    assert [run.id for run in kept.judged("missing")] == ["33333333"]
    with pytest.raises(UsageError, match="'fine' is no verdict"):
        kept.feedback("1", "fine")


def test_what_is_removed_leaves_no_bytes(kept, tmp_path):
    secret = "the password of the observatory is xyzzy"
    kept.keep(answer(run="11111111"))
    kept.keep(answer(secret, run="22222222"))
    assert secret.encode() in (tmp_path / NAME).read_bytes()
    assert kept.remove("22222222").answer.question == secret
    assert secret.encode() not in (tmp_path / NAME).read_bytes()
    assert [run.id for run in kept.search()] == ["11111111"]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]  # no log beside it that could hold them


def test_all_answers_from_a_source_are_forgotten(kept):
    kept.keep(answer(run="11111111", source="/home/ada/handbook.pdf"))
    kept.keep(answer(run="22222222", source="/home/ada/old/handbook.pdf"))
    kept.keep(answer(run="33333333", source="/home/ada/my-handbook.pdf"))
    assert kept.forget("old/handbook.pdf") == 1
    assert kept.forget("handbook.pdf") == 1
    assert [run.id for run in kept.search()] == ["33333333"]
    assert kept.forget("") == 0


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_only_the_owner_may_read_it(kept, tmp_path):
    kept.keep(answer())
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_in_a_read_only_folder_nothing_is_kept_and_the_rest_works(kept, tmp_path, monkeypatch):
    kept.keep(answer(run="11111111"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    assert kept.keep(answer(run="22222222")) is None
    assert [run.id for run in kept.search()] == ["11111111"]


def test_many_threads_keep_answers_at_once(kept):
    threads = [threading.Thread(target=kept.keep, args=(answer(run=f"{number:08x}"),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.search(limit=99)) == 12


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_told_with_what_to_do(kept, tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    for use in (kept.search, lambda: kept.keep(answer())):
        with pytest.raises(KnowledgeBaseDamaged, match="Move that file away"):
            use()
    assert (tmp_path / NAME).read_bytes() == content


def test_another_programs_database_is_left_alone(kept, tmp_path):
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute("CREATE TABLE runs (mine TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(KnowledgeBaseDamaged, match="another program's"):
        kept.keep(answer())


def test_a_damaged_row_is_told_by_its_run(kept, tmp_path):
    kept.keep(answer(run="11111111"))
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute("UPDATE runs SET answer = x'00'")
    connection.commit()
    connection.close()
    with pytest.raises(KnowledgeBaseDamaged, match="run 11111111"):
        kept.get("1")


def test_a_file_that_was_begun_and_not_made_is_used(kept, tmp_path):
    (tmp_path / NAME).touch()
    assert kept.search() == []
    kept.keep(answer())
    assert len(kept.search()) == 1


def test_what_a_killed_writer_had_begun_is_taken_back(kept, tmp_path):
    """The files as they are in the middle of a transaction: half of it stands in the database already."""
    runs = [kept.keep(answer(text=f"{number} weeks. " * 2000)) for number in range(5)]
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE runs SET words = words || 'x', answer = zeroblob(length(answer))")
        (tmp_path / "crashed").mkdir()
        for path in tmp_path.glob(f"{NAME}*"):
            shutil.copy(path, tmp_path / "crashed")
        writer.execute("ROLLBACK")
    assert (tmp_path / "crashed" / f"{NAME}-journal").stat().st_size > 0
    crashed = History(tmp_path / "crashed")
    assert [run.answer for run in crashed.search()] == [run.answer for run in reversed(runs)]
    assert not (tmp_path / "crashed" / f"{NAME}-journal").exists()
