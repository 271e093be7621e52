"""What a run does to a knowledge base, seen from outside: real files, the hashing embedder, the real store."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest import pipeline
from ingest.discovery import Skipped, find_files
from ingest.documents import Source
from ingest.embedders.hashing import HashingEmbedder
from ingest.errors import UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions, is_settled
from ingest.reports import Embedded, Failed, Report, Stored
from ingest.writer import FEWEST_CHUNKS, MOST_CHUNKS

SETTLED = time.time() - 3600  # old enough that size and time can be trusted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    write(
        files / "leave.md",
        "# Leave\n\nParental leave lasts sixteen weeks.\n\n# Sickness\n\nCall your manager by nine.\n",
    )
    write(files / "travel.txt", "Book trains through the portal. Taxis need a receipt.")
    return files


@pytest.fixture
def knowledge(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as opened:
        yield opened


def write(path: Path, text: str, at: float = SETTLED) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))


def ingest(knowledge: KnowledgeBase, *paths: Path, **options) -> tuple[Report, list]:
    *events, report = pipeline.add(knowledge, paths, IngestOptions(workers=1, **options))
    assert isinstance(report, Report)
    return report, events


def embedded(events: list) -> int:
    return sum(event.chunks for event in events if isinstance(event, Embedded))


def test_every_chunk_stands_in_its_document_exactly(knowledge, folder):
    report, _ = ingest(knowledge, folder)
    assert (report.added, report.documents, report.failed) == (2, 2, ())
    for source in knowledge.sources():
        document = knowledge.document(source.document_id)
        chunks = knowledge.store.chunks(source.document_id)
        assert chunks
        assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_a_second_run_reads_and_embeds_nothing(knowledge, folder):
    ingest(knowledge, folder)
    generation = knowledge.store.generation()
    report, events = ingest(knowledge, folder)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 2)
    assert embedded(events) == 0
    assert knowledge.store.generation() == generation


def test_a_touched_file_is_read_but_not_embedded(knowledge, folder):
    ingest(knowledge, folder)
    os.utime(folder / "leave.md", (SETTLED + 60, SETTLED + 60))
    report, events = ingest(knowledge, folder)
    assert (report.updated, report.unchanged, embedded(events)) == (0, 2, 0)


def test_a_changed_file_embeds_only_what_changed(knowledge, tmp_path):
    sections = [
        f"# Section {n}\n\n" + f"The {n}th rule says that item {n} is kept for {n} years. " * 12 for n in range(6)
    ]
    file = tmp_path / "rules.md"
    write(file, "\n\n".join(sections))
    first, events = ingest(knowledge, file)
    assert embedded(events) == first.chunks >= 6
    sections[3] = "# Section 3\n\nThis one was written anew, with other words. " * 3
    write(file, "\n\n".join(sections), SETTLED + 60)
    second, events = ingest(knowledge, file)
    made_anew = knowledge.store.statistics().chunks - reused(events)
    assert (second.updated, second.documents) == (1, 1)
    assert 1 <= made_anew <= 3, "only the chunks of the section that changed"


def reused(events: list) -> int:
    """Chunks whose vector was already stored: the first `Embedded` of a group counts those."""
    return next(event.chunks for event in events if isinstance(event, Embedded))


def test_a_renamed_file_is_not_embedded_again(knowledge, folder):
    ingest(knowledge, folder)
    (folder / "leave.md").rename(folder / "holidays.md")
    *events, report = pipeline.sync(knowledge, folder, IngestOptions(workers=1))
    assert (report.added, report.removed, report.documents, embedded(events)) == (1, 1, 2, 0)
    assert {Path(source.uri).name for source in knowledge.sources()} == {"holidays.md", "travel.txt"}


def test_a_duplicate_is_stored_once_and_listed_twice(knowledge, folder):
    write(folder / "copy.md", (folder / "leave.md").read_text())
    report, _ = ingest(knowledge, folder)
    assert (report.added, report.documents) == (3, 2)
    hits = knowledge.search("How long is parental leave?", 5)
    assert len({(hit.chunk.document_id, hit.chunk.start) for hit in hits}) == len(hits)
    report, _ = ingest(knowledge, folder)
    assert report.unchanged == 3


def test_sync_forgets_what_is_gone(knowledge, folder):
    ingest(knowledge, folder)
    (folder / "travel.txt").unlink()
    *_, report = pipeline.sync(knowledge, folder, IngestOptions(workers=1))
    assert (report.removed, report.documents) == (1, 1)
    assert "portal" not in " ".join(hit.chunk.text for hit in knowledge.search("Book trains through the portal", 5))


def test_sync_of_an_emptied_folder_asks_first(knowledge, folder):
    ingest(knowledge, folder)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(UsageError, match="holds no files now, and 2 sources"):
        list(pipeline.sync(knowledge, folder))
    assert knowledge.store.statistics().documents == 2
    *_, report = pipeline.sync(knowledge, folder, allow_empty=True)
    assert (report.removed, report.documents) == (2, 0)


def test_a_bad_file_is_reported_and_the_rest_goes_on(knowledge, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nthis is no PDF")
    report, _ = ingest(knowledge, folder)
    assert report.added == 2
    (failure,) = report.failed
    assert Path(failure.source).name == "broken.pdf"
    assert failure.outcome == "parse_error"
    again, events = ingest(knowledge, folder)
    assert [type(event) for event in events if not isinstance(event, Embedded)].count(Failed) == 1
    assert len(again.failed) == 1


def test_a_file_that_breaks_keeps_its_last_good_version(knowledge, tmp_path):
    file = tmp_path / "notes.docx"
    write(file, "Plain text under a wrong name is text. The vault code is 4711.")
    first, _ = ingest(knowledge, file)
    assert first.added == 1
    file.write_bytes(b"")
    os.utime(file, (SETTLED + 60, SETTLED + 60))
    report, _ = ingest(knowledge, file)
    assert [failure.outcome for failure in report.failed] == ["empty"]
    assert "4711" in knowledge.text("notes.docx")


def test_a_file_written_just_now_is_read_again(knowledge, folder):
    """Two versions of one size within one tick of the clock: the timestamp cannot tell them apart (F37)."""
    now = time.time()
    write(folder / "racy.txt", "The limit is 100 euros.", now)
    ingest(knowledge, folder)
    write(folder / "racy.txt", "The limit is 900 euros.", now)
    report, _ = ingest(knowledge, folder)
    assert report.updated == 1
    assert "900" in knowledge.text("racy.txt")


@pytest.mark.parametrize("ahead", [3600, 10**9], ids=["an hour", "thirty years"])
def test_a_file_from_the_future_is_read_again_until_its_time_has_passed(knowledge, folder, ahead):
    """Its time says nothing yet: who writes now, under the same time and size, must be noticed (F37)."""
    future = time.time() + ahead
    write(folder / "ahead.txt", "The limit is 100 euros.", future)
    ingest(knowledge, folder)
    report, events = ingest(knowledge, folder)
    assert (report.updated, report.unchanged, embedded(events)) == (0, 3, 0)
    write(folder / "ahead.txt", "The limit is 900 euros.", future)
    report, _ = ingest(knowledge, folder)
    assert report.updated == 1
    assert "900" in knowledge.text("ahead.txt")


def test_a_clock_that_was_set_back_hides_no_change(knowledge, folder):
    """A file whose new time lies before the old one is as changed as any (F37)."""
    now = time.time()
    write(folder / "rule.txt", "The limit is 100 euros.", now - 60)
    ingest(knowledge, folder)
    write(folder / "rule.txt", "The limit is 900 euros.", now - 3600)
    report, _ = ingest(knowledge, folder)
    assert (report.updated, report.unchanged) == (1, 2)
    assert "900" in knowledge.text("rule.txt")


def test_what_was_read_by_a_clock_set_back_is_not_settled(folder):
    """Read an hour before it was written, says the clock: it may have been written again since, at the same time."""
    (file,) = find_files([folder / "leave.md"]).files
    written = file.mtime_ns / 1e9
    source = Source(file.uri, file.size, file.mtime_ns, "id", seen=written + 60)
    assert is_settled(file, source)
    assert not is_settled(file, replace(source, seen=written - 3600))


def test_stopping_keeps_what_was_reported_as_stored(knowledge, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.writer.GROUP_CHUNKS", 1)
    for number in range(6):
        write(tmp_path / f"{number}.txt", f"Fact number {number} stands alone.")
    stored = []
    run = pipeline.add(knowledge, [tmp_path / f"{n}.txt" for n in range(6)], IngestOptions(workers=1))
    for event in run:
        if isinstance(event, Stored):
            stored.append(event.source)
        if len(stored) == 2:
            run.close()  # what a KeyboardInterrupt in the caller comes to
            break
    assert {source.uri for source in knowledge.sources()} >= set(stored)
    report, _ = ingest(knowledge, *(tmp_path / f"{n}.txt" for n in range(6)))
    assert (report.documents, report.added + report.unchanged) == (6, 6)
    assert report.unchanged >= 2


def test_a_path_that_is_not_there_says_so(knowledge, tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        list(pipeline.add(knowledge, [tmp_path / "nowhere"]))


def test_a_folder_that_cannot_be_listed_loses_nothing(knowledge, folder, monkeypatch):
    closed = folder / "closed"
    closed.mkdir()
    write(closed / "inside.txt", "Written where nobody may look later.")
    ingest(knowledge, folder)
    found = find_files([folder], exclude=["closed"])
    denied = replace(found, skipped=(Skipped(closed, "permission denied", "denied"),))  # root may list everything
    monkeypatch.setattr(pipeline, "find_files", lambda *_, **__: denied)
    *_, report = pipeline.sync(knowledge, folder, IngestOptions(workers=1))
    assert (report.removed, [failure.outcome for failure in report.failed]) == (0, ["denied"])
    assert "nobody may look" in knowledge.text("inside.txt")


def test_sync_knows_its_own_sources_by_any_way_to_them(knowledge, folder, monkeypatch):
    ingest(knowledge, folder)
    (folder / "travel.txt").unlink()
    (folder / "deeper").mkdir()
    monkeypatch.chdir(folder / "deeper")
    *_, report = pipeline.sync(knowledge, "..", IngestOptions(workers=1))
    assert (report.removed, report.unchanged) == (1, 1)


def test_bytes_that_move_from_one_name_to_another_are_kept(knowledge, folder, monkeypatch):
    """The first group drops the document's last name, the second brings the same bytes under another one."""
    ingest(knowledge, folder)
    monkeypatch.setattr("ingest.writer.GROUP_CHUNKS", 1)
    moved = (folder / "leave.md").read_text(encoding="utf-8")
    write(folder / "leave.md", "# Leave\n\nThis page was moved.\n", SETTLED + 60)
    write(folder / "moved.md", moved)
    report, _ = ingest(knowledge, folder)
    assert (report.added, report.updated, report.documents) == (1, 1, 3)
    assert knowledge.text("moved.md") == moved


class Slow(HashingEmbedder):
    """Takes so many seconds a text."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def embed_documents(self, texts):
        time.sleep(self._seconds * len(texts))
        return super().embed_documents(texts)


@pytest.mark.parametrize(("seconds", "between", "largest"), [(0.0, 60.0, MOST_CHUNKS), (0.003, 0.03, FEWEST_CHUNKS)])
def test_progress_is_told_every_few_seconds_however_slow_the_embedder(tmp_path, monkeypatch, seconds, between, largest):
    monkeypatch.setattr("ingest.writer.EMBED_SECONDS", between)
    text = "\n\n".join(f"# Part {number}\n\nIt tells of matter {number} at some length." for number in range(3_000))
    write(tmp_path / "long.md", text)
    with KnowledgeBase.open(tmp_path / "kb", embedder=Slow(seconds), create=True) as knowledge:
        told = [
            event.chunks for event in pipeline.add(knowledge, [tmp_path / "long.md"]) if isinstance(event, Embedded)
        ]
    assert sum(told) > 2 * MOST_CHUNKS
    assert told[0] == FEWEST_CHUNKS, "nobody waits long for the first one"
    assert max(told) == largest
