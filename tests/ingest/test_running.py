"""Ingest runs in a thread: watched, stopped, failed."""

from __future__ import annotations

from pathlib import Path

from ingest import pipeline
from ingest.errors import UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.running import IngestRun

WAIT = 60.0


def test_a_run_tells_each_file_and_ends_with_its_report(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Parking is free.\n")
    (tmp_path / "docs" / "b.pdf").write_bytes(b"%PDF-1.4 broken")
    with KnowledgeBase.open(tmp_path / "kb", create=True, embedder="hashing") as knowledge:
        view = IngestRun(pipeline.add(knowledge, [tmp_path / "docs"])).wait(WAIT)
    assert view.state == "done"
    assert view.fraction == 1
    assert view.report is not None
    assert (view.report.added, len(view.report.failed)) == (1, 1)
    phases = {Path(source).name: state.phase for source, state in view.files.items()}
    assert phases == {"a.md": "stored", "b.pdf": "failed"}


def test_a_stopped_run_keeps_what_was_stored_and_the_next_goes_on(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    for number in range(60):
        (tmp_path / "docs" / f"{number}.md").write_text(f"Sentence number {number} stands here.\n")
    with KnowledgeBase.open(tmp_path / "kb", create=True, embedder="hashing") as knowledge:
        run = IngestRun(pipeline.add(knowledge, [tmp_path / "docs"]))
        run.stop()
        assert run.wait(WAIT).state == "stopped"
        stored = sum(state.phase == "stored" for state in run.view().files.values())
        assert knowledge.store.statistics().documents == stored
        assert {state.phase for state in run.view().files.values()} <= {"stored", "left"}
        view = IngestRun(pipeline.add(knowledge, [tmp_path / "docs"])).wait(WAIT)
        assert view.state == "done"
        assert knowledge.store.statistics().documents == 60


def test_an_error_of_the_run_is_told(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb", create=True, embedder="hashing") as knowledge:
        (tmp_path / "none").mkdir()

        def events():
            yield from pipeline.add(knowledge, [tmp_path / "not-there"])

        view = IngestRun(events()).wait(WAIT)
    assert view.state == "failed"
    assert isinstance(view.error, UsageError)
