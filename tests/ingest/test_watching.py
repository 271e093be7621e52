"""A watched folder: files that come, change, move and go, while they are written, and across restarts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.errors import UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from ingest.reports import Failed, Removed, Report, Stored
from ingest.watching import FolderWatch

LONG_AGO = time.time() - 3600


class Clock:
    """Goes on only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    put(docs / "leave.md", "Parental leave lasts sixteen weeks.")
    put(docs / "travel.md", "Trains are booked through the portal.")
    return docs


@pytest.fixture
def knowledge(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(knowledge, folder, clock) -> FolderWatch:
    return FolderWatch(knowledge, folder, IngestOptions(workers=1), clock=clock)


def put(path: Path, text: str, at: float | None = LONG_AGO) -> None:
    path.write_text(text, encoding="utf-8")
    if at is not None:
        os.utime(path, (at, at))


def deeds(watch: FolderWatch) -> list[tuple[str, str]]:
    """What one round did, each as a word and the name of the file."""
    found = []
    for event in watch.round():
        match event:
            case Stored(source=source, updated=updated):
                found.append(("updated" if updated else "added", Path(source).name))
            case Removed(source=source):
                found.append(("removed", Path(source).name))
            case Failed(source=source):
                found.append(("failed", Path(source).name))
    return sorted(found)


def names(knowledge: KnowledgeBase) -> set[str]:
    return {Path(source.uri).name for source in knowledge.sources()}


def test_what_is_there_comes_in_at_once_and_then_costs_nothing(watch):
    *_, report = watch.round()
    assert isinstance(report, Report)
    assert report.added == 2
    assert list(watch.round()) == []


def test_a_file_is_read_only_when_it_has_come_to_rest(watch, folder, clock, knowledge):
    deeds(watch)
    new = folder / "new.md"
    for text in ("Half", "Half of", "Half of it is here."):
        put(new, text, at=time.time() + 60)  # a clock that is ahead changes nothing
        assert deeds(watch) == []
        clock.now += 1.5
    clock.now += 1
    assert deeds(watch) == [("added", "new.md")]
    assert knowledge.text("new.md") == "Half of it is here."
    assert deeds(watch) == []


def test_a_change_is_seen(watch, folder, knowledge):
    deeds(watch)
    put(folder / "leave.md", "Parental leave lasts twenty weeks.", at=LONG_AGO + 1)
    assert deeds(watch) == [("updated", "leave.md")]
    assert "twenty" in knowledge.text("leave.md")


def test_what_is_gone_twice_is_forgotten(watch, folder, knowledge):
    deeds(watch)
    (folder / "leave.md").unlink()
    assert deeds(watch) == []
    assert deeds(watch) == [("removed", "leave.md")]
    assert names(knowledge) == {"travel.md"}


def test_a_file_that_is_replaced_is_not_forgotten_between(watch, folder):
    deeds(watch)
    (folder / "leave.md").unlink()
    assert deeds(watch) == []
    put(folder / "leave.md", "Parental leave lasts twenty weeks.")
    assert deeds(watch) == [("updated", "leave.md")]
    (folder / "leave.md").unlink()
    assert deeds(watch) == []


def test_a_move_embeds_nothing_and_leaves_one_name(watch, folder, knowledge):
    deeds(watch)
    (folder / "leave.md").rename(folder / "absence.md")
    assert deeds(watch) == [("added", "absence.md")]
    assert deeds(watch) == [("removed", "leave.md")]
    assert names(knowledge) == {"absence.md", "travel.md"}


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_folder_that_is_away_forgets_nothing(watch, folder, knowledge, how):
    deeds(watch)
    aside = folder.with_name("aside")
    folder.rename(aside)
    if how == "empty":
        folder.mkdir()
    for _ in range(3):
        assert deeds(watch) == []
        assert "2 sources are kept" in watch.absent
    if how == "empty":
        folder.rmdir()
    aside.rename(folder)
    assert deeds(watch) == []
    assert watch.absent == ""
    assert names(knowledge) == {"leave.md", "travel.md"}


def test_a_bad_file_is_tried_once_and_again_when_it_changes(watch, folder):
    (folder / "a.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    os.utime(folder / "a.zip", (LONG_AGO, LONG_AGO))
    assert ("failed", "a.zip") in deeds(watch)
    assert deeds(watch) == []
    put(folder / "a.zip", "Words now.", at=LONG_AGO + 1)
    assert deeds(watch) == [("added", "a.zip")]


def test_what_happened_while_it_was_off_is_made_up_for(watch, folder, knowledge):
    deeds(watch)
    (folder / "leave.md").unlink()
    put(folder / "new.md", "New words.")
    again = FolderWatch(knowledge, folder, IngestOptions(workers=1))
    assert deeds(again) == [("added", "new.md")]
    assert deeds(again) == [("removed", "leave.md")]


def test_a_file_is_no_folder(knowledge, folder):
    with pytest.raises(UsageError, match="no folder"):
        FolderWatch(knowledge, folder / "leave.md")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_shows_what_it_does_and_ends_clean(folder, ending):
    arguments = ["watch", str(folder), "--kb", str(folder.parent / "kb2"), "--interval", "0.2", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments, "--embedder", "hashing", "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    first = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert {(deed["event"], Path(deed["source"]).name) for deed in first} == {
        ("added", "leave.md"),
        ("added", "travel.md"),
    }
    put(folder / "new.md", "New words.")
    deed = json.loads(process.stdout.readline())
    assert (deed["event"], Path(deed["source"]).name) == ("added", "new.md")
    process.send_signal(ending)
    rest, said = process.communicate(timeout=30)
    assert (rest, process.returncode) == ("", 130)
    assert said.rstrip().endswith("Stopped. What was stored is kept; the next start goes on from there.")
    assert "Traceback" not in said
