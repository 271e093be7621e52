"""A password opens the PDFs that are under it, and is neither kept nor told. See also `tests/test_secrets.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest import pipeline
from ingest.cli import ingest
from ingest.commands.options import options_of
from ingest.discovery import find_files
from ingest.errors import FileFailed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions, is_settled
from ingest.readers.pdf import PdfReader
from ingest.readers.pypdf_file import PypdfFile
from ingest.reports import Failed
from ingest.unlocking import unlocked
from ingest.workers.parsing import Parser
from tests.support.odd_parts import HalvingChunker
from tests.support.pdf_files import encrypted, make_pdf

PASSWORD = "sésame 4711"
PLAIN = make_pdf([["Parental leave lasts sixteen weeks."]], title="Handbook of leave")
LOCKED = encrypted(PLAIN, user=PASSWORD)


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    path = tmp_path / "files" / "locked.pdf"
    path.parent.mkdir()
    path.write_bytes(LOCKED)
    return path


def test_the_right_password_opens_both_libraries():
    with unlocked(PASSWORD):
        document = PdfReader().read(LOCKED, "locked.pdf")
        assert PypdfFile(LOCKED).lines(0)[0].text == "Parental leave lasts sixteen weeks."
    assert (document.text, document.title) == ("Parental leave lasts sixteen weeks.", "Handbook of leave")
    assert document.warnings == ()


@pytest.mark.parametrize(("password", "reason"), [("", "needs a password"), ("wrong", "given does not open it")])
@pytest.mark.parametrize(
    "library", [lambda data: PdfReader().read(data, "x.pdf"), lambda data: PypdfFile(data).lines(0)]
)
def test_any_other_leaves_it_shut(password, reason, library):
    with unlocked(password), pytest.raises(FileFailed, match=reason) as failure:
        library(LOCKED)
    assert failure.value.outcome == "encrypted"
    assert not password or password not in str(failure.value)


@pytest.mark.parametrize("data", [PLAIN, encrypted(PLAIN, user="")], ids=["in the open", "under the empty password"])
def test_files_that_need_none_are_read_all_the_same(data):
    with unlocked(PASSWORD):
        assert PdfReader().read(data, "open.pdf").text == "Parental leave lasts sixteen weeks."


def test_a_file_that_was_shut_is_read_once_there_is_a_password(tmp_path, locked):
    os.utime(locked, (1e9, 1e9))  # what was written a moment ago is always read again: it may change within its time
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as knowledge:

        def run(password: str):
            return list(pipeline.add(knowledge, [locked], IngestOptions(workers=1, password=password)))

        *_, failed, _ = run("")
        assert isinstance(failed, Failed)
        assert (failed.outcome, failed.reason) == ("encrypted", "it needs a password")
        assert run("wrong")[-1].failed[0].reason == "the password that was given does not open it"
        assert run(PASSWORD)[-1].added == 1
        assert "sixteen weeks" in knowledge.text(str(locked))
        (source,) = knowledge.sources()
        (file,) = find_files([locked]).files
        assert source.outcome == "ok"
        assert not is_settled(file, None, PASSWORD)
        assert run("")[-1].failed == (), "what is in stays in without the password"
    holding = [
        path for path in (tmp_path / "kb").rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
    assert holding == []


def test_no_representation_shows_it():
    assert PASSWORD not in repr(IngestOptions(password=PASSWORD)) + repr(Parser(HalvingChunker(), 1, (), PASSWORD))


def test_commands_ask_for_it_or_take_it_from_the_environment(locked, monkeypatch):
    def doctor(*options: str, typed: str = "") -> str:
        return (
            CliRunner().invoke(ingest, ["doctor", str(locked), "--embedder", "hashing", *options], input=typed).output
        )

    monkeypatch.delenv("KESTREL_PASSWORD", raising=False)
    assert "it needs a password" in doctor()
    told = doctor("--password", typed=f"{PASSWORD}\n")
    assert "sixteen weeks" in told
    assert PASSWORD not in told
    monkeypatch.setenv("KESTREL_PASSWORD", PASSWORD)
    assert "sixteen weeks" in doctor()


def test_workers_of_a_queue_get_none():
    with pytest.raises(UsageError, match="A password is told to no other process"):
        options_of((), "sentence", 2, "postgresql://host/db", None, PASSWORD)
