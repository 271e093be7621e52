"""A password opens the files that are under it, and is neither kept nor told. See also `tests/test_secrets.py`."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from ingest import pipeline
from ingest.cli import ingest
from ingest.commands.options import Reading
from ingest.discovery import find_files
from ingest.errors import FileFailed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.originals import original
from ingest.pipeline import IngestOptions, is_settled
from ingest.readers.pdf import PdfReader
from ingest.readers.pypdf_file import PypdfFile
from ingest.reports import Failed
from ingest.unlocking import unlocked
from ingest.watching import FolderWatch
from ingest.workers.parsing import Parser
from tests.support.docx_files import paragraph
from tests.support.hostile_files import docx
from tests.support.odd_parts import HalvingChunker
from tests.support.office_locks import locked as lock
from tests.support.pdf_files import encrypted, make_pdf

PASSWORD = "sésame 4711"
PLAIN = make_pdf([["Parental leave lasts sixteen weeks."]], title="Handbook of leave")
LOCKED = encrypted(PLAIN, user=PASSWORD)


NOISE = {"word/media/noise.png": Random(4711).randbytes(5000)}
WORD = lock(docx(paragraph("Parental leave lasts sixteen weeks."), **NOISE), PASSWORD)


@pytest.fixture(params=[("locked.pdf", LOCKED), ("locked.docx", WORD)], ids=["PDF", "Word"])
def locked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, data = request.param
    path = tmp_path / "files" / name
    path.parent.mkdir()
    path.write_bytes(data)
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
        assert original(str(locked), source.document_id).data == locked.read_bytes(), "the file that can be downloaded"
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
    assert "it needs a password\n  hint      the same command with --password asks for it" in doctor()
    told = doctor("--password", typed=f"{PASSWORD}\n")
    assert "sixteen weeks" in told
    assert PASSWORD not in told
    monkeypatch.setenv("KESTREL_PASSWORD", PASSWORD)
    assert "sixteen weeks" in doctor()


def test_a_run_without_one_tells_what_opens_the_rest(locked, tmp_path, monkeypatch):
    def run(*command: str, typed: str = "") -> Result:
        kb = ["--kb", str(tmp_path / "kb"), "--embedder", "hashing", "--json"]
        return CliRunner().invoke(ingest, [*command, *kb], input=typed)

    os.utime(locked, (1e9, 1e9))
    monkeypatch.delenv("KESTREL_PASSWORD", raising=False)
    hint = "1 file needs a password: the same command with --password asks for it."
    folder = str(locked.parent)
    assert hint in run("add", folder).stderr
    assert hint in run("sync", folder).stderr
    wrong = run("sync", folder, "--password", typed="wrong\n")
    assert "does not open it" in wrong.stdout
    assert hint not in wrong.stderr
    assert '"added": 1' in run("sync", folder, "--password", typed=f"{PASSWORD}\n").stdout
    assert '"unchanged": 1' in run("sync", folder).stdout, "what is in stays in without the password"


def test_a_watched_folder_is_read_with_it(locked, tmp_path):
    os.utime(locked, (1e9, 1e9))
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as knowledge:
        for password, outcome in (("", "encrypted"), (PASSWORD, "ok"), ("", "ok")):
            folder = FolderWatch(knowledge, locked.parent, IngestOptions(workers=1, password=password))
            rounds = [list(folder.round()) for _ in range(3)]
            assert rounds[-1] == [], "what was read is not read again"
            assert [source.outcome for source in knowledge.sources()] == [outcome]


def test_workers_of_a_queue_get_none():
    with pytest.raises(UsageError, match="A password is told to no other process"):
        Reading("postgresql://host/db", None, PASSWORD, "sentence", 2, ()).options()
