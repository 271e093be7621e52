"""Reading anew what did not change: after an upgrade, what older readers made is told and replaced."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

import assistant
from ingest import pipeline
from ingest.changes import OUTDATED, Put
from ingest.chunkers.sentence import SentenceChunker
from ingest.documents import READING, Span
from ingest.embedders.hashing import HashingEmbedder
from ingest.headers import embedding_hash
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from ingest.reports import Report
from tests.ingest.test_cli import ingest
from tests.support.entries import vector

GUIDE = Path(assistant.__file__).parent / "sample" / "kestrel-guide.pdf"
SETTLED = time.time() - 3600  # old enough that size and time can be trusted


class Counting(HashingEmbedder):
    """Remembers how many texts it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def embed_documents(self, texts):
        self.texts += len(texts)
        return super().embed_documents(texts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.pdf").write_bytes(GUIDE.read_bytes())
    (tmp_path / "docs" / "travel.txt").write_text("Book trains through the portal.", encoding="utf-8")
    for file in (tmp_path / "docs").iterdir():
        os.utime(file, (SETTLED, SETTLED))
    return tmp_path / "docs"


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture
def knowledge(tmp_path: Path, embedder: Counting):
    with KnowledgeBase.open(tmp_path / "kb", embedder=embedder, create=True) as opened:
        yield opened


def run(knowledge: KnowledgeBase, folder: Path, **options) -> Report:
    *_, report = pipeline.add(knowledge, [folder], IngestOptions(workers=1, **options))
    assert isinstance(report, Report)
    return report


def grow_old(knowledge: KnowledgeBase, folder: Path, name: str, text: str | None = None) -> None:
    """Store a file as a Kestrel of before would have: of reading 0, with another text where one is given."""
    source = knowledge.resolve(str(folder / name))
    entry = knowledge.store.entry(source)
    assert entry is not None
    model = knowledge.store.model()
    assert model is not None
    document = replace(entry.document, reading=0)
    if text is not None:
        document = replace(document, text=text, pages=(0,), labels=(), headings=())
        row = vector(text, model.dimension)[None]
        entry = replace(entry, spans=(Span(0, len(text)),), hashes=(embedding_hash(text),), vectors=row)
    knowledge.store.commit([Put(replace(entry, document=document), model)])


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.failed)


def outdated(knowledge: KnowledgeBase) -> list[str]:
    return [Path(holding.source.uri).name for holding in knowledge.store.holdings() if holding.outdated]


def test_what_an_older_reader_made_of_a_pdf_stays_until_it_is_read_again(knowledge, folder, embedder):
    run(knowledge, folder)
    text, made = knowledge.text("guide.pdf"), embedder.texts
    grow_old(knowledge, folder, "guide.pdf", "Kestrelanswersquestions")
    assert counts(run(knowledge, folder)) == (0, 0, 2, 0)
    assert knowledge.text("guide.pdf") == "Kestrelanswersquestions"
    assert outdated(knowledge) == ["guide.pdf"]

    report = run(knowledge, folder, again=True)
    assert counts(report) == (0, 1, 1, 0)
    assert (knowledge.text("guide.pdf"), outdated(knowledge), report.documents) == (text, [], 2)
    assert embedder.texts == 2 * made - 1, "what travel.txt says was stored and is not embedded again"
    assert list(knowledge.store.verify(full=True)) == []


def test_text_that_stayed_the_same_keeps_its_rows_and_is_not_embedded(knowledge, folder, embedder):
    run(knowledge, folder)
    made = embedder.texts
    grow_old(knowledge, folder, "guide.pdf")
    document = knowledge.resolve("guide.pdf").document_id
    chunks, contents = knowledge.store.chunks(document), knowledge.store.contents()
    assert outdated(knowledge) == ["guide.pdf"]
    assert counts(run(knowledge, folder, again=True)) == (0, 0, 2, 0)
    assert (outdated(knowledge), embedder.texts) == ([], made)
    assert (knowledge.store.chunks(document), knowledge.store.contents()) == (chunks, contents)
    assert knowledge.document(document).reading == READING


def test_all_names_of_a_document_hold_what_was_read_of_one(knowledge, folder):
    (folder / "copy.txt").write_bytes((folder / "travel.txt").read_bytes())
    run(knowledge, folder)
    grow_old(knowledge, folder, "travel.txt", "Booktrains")
    assert outdated(knowledge) == ["copy.txt", "travel.txt"]
    report = run(knowledge, folder / "travel.txt", again=True)
    assert (counts(report), outdated(knowledge)) == ((0, 1, 0, 0), [])
    assert knowledge.text("copy.txt") == "Book trains through the portal."


def test_another_chunker_takes_effect(knowledge, folder):
    chunks = run(knowledge, folder).chunks
    assert run(knowledge, folder, chunker="tests.ingest.test_again:Halved").updated == 0
    report = run(knowledge, folder, chunker="tests.ingest.test_again:Halved", again=True)
    assert (report.updated, report.unchanged) == (1, 1)
    assert report.chunks > 1.5 * chunks


class Halved(SentenceChunker):
    """Chunks of half the length."""

    def __init__(self, tokens, max_tokens):
        super().__init__(tokens, max_tokens // 2)


def test_what_cannot_be_read_any_more_keeps_what_was_read(knowledge, folder):
    run(knowledge, folder)
    grow_old(knowledge, folder, "travel.txt", "Book trains.")
    (folder / "travel.txt").write_bytes(b"")
    report = run(knowledge, folder, again=True)
    assert [failed.outcome for failed in report.failed] == ["empty"]
    assert (knowledge.text("travel.txt"), outdated(knowledge)) == ("Book trains.", ["travel.txt"])


def test_sync_reads_again_and_forgets_what_is_gone(knowledge, folder):
    run(knowledge, folder)
    grow_old(knowledge, folder, "guide.pdf", "Kestrelanswersquestions")
    (folder / "travel.txt").unlink()
    *_, report = pipeline.sync(knowledge, folder, IngestOptions(workers=1, again=True))
    assert (report.updated, report.removed, outdated(knowledge)) == (1, 1, [])


def test_the_list_tells_people_and_scripts_what_to_read_again(tmp_path, folder):
    assert ingest(tmp_path, "add", "docs", "--json").returncode == 0
    assert OUTDATED not in ingest(tmp_path, "list").stdout
    with KnowledgeBase.open(tmp_path / "kb") as knowledge:
        grow_old(knowledge, folder, "travel.txt", "Booktrains")
    assert ingest(tmp_path, "list").stdout.splitlines()[-1].strip() == "read by an older version: ingest add --again"
    rows = json.loads(ingest(tmp_path, "list", "--json").stdout)
    assert [row["outdated"] for row in rows] == [False, True]
    assert list(rows[0]) == [
        *("source", "document", "title", "pages", "chunks", "size", "outcome", "reason", "warnings", "outdated")
    ]
    assert rows[1]["warnings"] == []
    done = ingest(tmp_path, "sync", "docs", "--again", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["updated"], report["unchanged"]) == (0, 1, 1)
    assert not any(row["outdated"] for row in json.loads(ingest(tmp_path, "list", "--json").stdout))
