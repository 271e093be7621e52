"""Commits that went with the write-ahead log are missed, and nothing is written over the gap."""

from __future__ import annotations

import logging
import os
import random
import shutil
from pathlib import Path

import pytest

from ingest.changes import Remove
from ingest.errors import KnowledgeBaseDamaged
from ingest.store import open_store
from ingest.store.noted import NOTE
from tests.support.entries import prose, put
from tests.support.noting import as_its_own

COMMITS = 6


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder as a process leaves it that is killed: six commits, all of them in the log."""
    store = open_store(tmp_path / "living", create=True)
    for number in range(COMMITS):
        store.commit([put(f"/{number}.txt", prose(number))])
    shutil.copytree(tmp_path / "living", tmp_path / "kb")
    store.close()
    note = (tmp_path / "kb" / NOTE).read_text().split()
    assert note[1] == str(COMMITS)
    return as_its_own(tmp_path / "kb")


def problems(folder: Path) -> list[str]:
    store = open_store(folder, read_only=True)
    found = [finding.problem for full in (False, True) for finding in store.verify(full)]
    store.close()
    return found


def test_a_log_that_is_whole_is_no_problem(killed: Path) -> None:
    assert problems(killed) == []
    store = open_store(killed)
    store.commit([Remove("/0.txt")])
    store.close()
    assert problems(killed) == []


def flipped(data: bytes) -> bytes:
    """One bit of the first half, so that there are commits behind it."""
    place = random.Random(3).randrange(4 * len(data))
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


@pytest.mark.parametrize(
    "harm", [None, flipped, lambda data: data[: len(data) // 2], lambda data: os.urandom(len(data))]
)
def test_a_log_that_lost_commits_is_told_and_not_written_over(killed: Path, harm, caplog) -> None:
    log = killed / "kb.db-wal"
    (killed / "kb.db-shm").unlink(missing_ok=True)
    if harm is None:
        log.unlink()
    else:
        log.write_bytes(harm(log.read_bytes()))
    with caplog.at_level(logging.WARNING):
        store = open_store(killed)
    assert "commits to" in caplog.text
    there = {source.uri for source in store.sources()}
    assert len(there) < COMMITS
    for change in (put("/new.txt", prose(9)), Remove("/0.txt")):
        with pytest.raises(KnowledgeBaseDamaged, match=r"the last \d commits to .* are gone.*ingest rebuild"):
            store.commit([change])
    assert all("are gone: kb.db-wal was altered" in problem for problem in problems(killed))
    assert len(problems(killed)) == 2, "both levels find it"
    store.rebuild()
    store.commit([put("/new.txt", prose(9))])
    assert {source.uri for source in store.sources()} == there | {"/new.txt"}
    store.close()
    assert problems(killed) == []


def test_an_older_database_in_the_same_file_is_told(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put("/0.txt", prose(0))])
    store.close()
    older = (tmp_path / "kb" / "kb.db").read_bytes()
    store = open_store(tmp_path / "kb")
    store.commit([put("/1.txt", prose(1))])
    store.close()
    (tmp_path / "kb" / "kb.db").write_bytes(older)
    assert len(problems(tmp_path / "kb")) == 2


@pytest.mark.parametrize("harm", [b"", b"\xff\xfe", b"99999999 7 00000000\n", b"9" * 200])
def test_a_note_that_is_none_claims_nothing(killed: Path, harm: bytes) -> None:
    (killed / NOTE).write_bytes(harm)
    assert problems(killed) == []


def test_a_new_database_begins_without_the_note_of_the_old_one(tmp_path: Path) -> None:
    for _ in range(2):
        store = open_store(tmp_path / "kb", create=True)
        for number in range(3):
            store.commit([put(f"/{number}.txt", prose(number))])
        store.close()
        (tmp_path / "kb" / "kb.db").unlink()
    store = open_store(tmp_path / "kb", create=True)
    store.close()
    assert not (tmp_path / "kb" / NOTE).exists()
    assert problems(tmp_path / "kb") == []
