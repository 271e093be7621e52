"""A folder that is copied while it is written: the copy is whole, or refused with what to do."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ingest.changes import Remove
from ingest.errors import KnowledgeBaseDamaged
from ingest.store import open_store
from ingest.store.noted import NOTE
from tests.support.committing import content
from tests.support.entries import prose, put

COPIES = 40
PIECE = 16 << 10  # bytes that a slow copy reads at a time
WRITER = """
import sys
from pathlib import Path
from tests.support.committing import work
work(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), "alone")
"""
CHECKED = "is checked once"
State = dict[str, str]


@contextmanager
def writing(folder: Path, log: Path, seed: int) -> Iterator[None]:
    """A process that commits, removes, maintains and rebuilds all the time."""
    log.touch()
    with subprocess.Popen([sys.executable, "-c", WRITER, folder, log, str(seed)]) as process:
        try:
            while log.read_text().count("done") < 30:
                assert process.poll() is None
                time.sleep(0.05)
            yield
            assert process.poll() is None, "it wrote until the end"
        finally:
            process.kill()


def by_command(folder: Path, to: Path, _: random.Random) -> None:
    subprocess.run(["cp", "-r", folder, to], check=False, stderr=subprocess.DEVNULL)  # a file may go meanwhile


def slowly(folder: Path, to: Path, choose: random.Random) -> None:
    """As of a large folder, or over a network: file by file in any order, with time for commits between the pieces."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in choose.sample(paths, len(paths)):
        place = to / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("rb") as source, place.open("wb") as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    time.sleep(choose.random() * 0.004)
        except FileNotFoundError:
            place.unlink(missing_ok=True)


def states(log: str) -> list[State]:
    """What the names stand for after none, one, two, … of the commits that were begun."""
    reached: list[State] = [{}]
    for line in log.splitlines(keepends=True):
        if line.endswith("\n") and (told := json.loads(line))[0] == "begin":
            changed = {**reached[-1], **dict(told[1])}
            reached.append({name: version for name, version in changed.items() if version is not None})
    return reached


def expected(state: State) -> State:
    return {name: content(version) for name, version in state.items()}


def held(store) -> State:
    return {source.uri: store.document(source.document_id).text for source in store.sources()}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="open files are copied")
@pytest.mark.parametrize("copy", [by_command, slowly])
def test_a_copy_made_while_the_original_is_written_is_whole_or_refused(tmp_path: Path, copy: Callable) -> None:
    choose, told = random.Random(7), {"whole": 0, "whole, segments to be made anew": 0, "refused": 0, "by full only": 0}
    folder, log = tmp_path / "kb", tmp_path / "log"
    with writing(folder, log, seed=5):
        for number in range(COPIES):
            time.sleep(choose.random() * 0.2)
            acknowledged, place = log.read_text().count('"done"'), tmp_path / f"copy{number}"
            copy(folder, place, choose)
            told[outcome(place, acknowledged, states(log.read_text()), told)] += 1
            shutil.rmtree(place)
    print(f"\n{copy.__name__}: {told}")
    assert told["whole"] + told["whole, segments to be made anew"]


def outcome(place: Path, acknowledged: int, begun: list[State], told: dict[str, int]) -> str:
    try:
        store = open_store(place)
        found = held(store)
    except KnowledgeBaseDamaged:
        told["by full only"] += is_sound_at_first_sight(place)
        return "refused"
    assert found in map(expected, begun[acknowledged:]), "a state from the beginning of the copy on"
    problems = list(store.verify(full=True))
    store.maintain()
    assert list(store.verify(full=True)) == []
    store.close()
    assert {finding.where for finding in problems} <= {"segments"}
    return "whole, segments to be made anew" if problems else "whole"


def is_sound_at_first_sight(place: Path) -> bool:
    """Whether `ingest verify` without --full finds nothing."""
    try:
        store = open_store(place, read_only=True)
    except KnowledgeBaseDamaged:
        return False
    return not [finding for finding in store.verify() if finding.where != "segments"]


def committed(folder: Path, names: range):
    store = open_store(folder, create=True)
    for number in names:
        store.commit([put(f"/{number}.txt", prose(number))])
    return store


def refused(folder: Path) -> KnowledgeBaseDamaged:
    """What is told wherever it is used."""
    store = open_store(folder)
    for _ in range(2):
        with pytest.raises(
            KnowledgeBaseDamaged, match=r"is a copy that is not whole.*Copy again while nobody writes"
        ) as caught:
            store.sources()
    with pytest.raises(KnowledgeBaseDamaged, match="is a copy that is not whole"):
        store.commit([Remove("/0.txt")])
    store.close()
    return caught.value


def test_a_database_copied_before_commits_and_a_log_after_them(tmp_path: Path) -> None:
    committed(tmp_path / "kb", range(6)).close()
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "kb" / "kb.db", tmp_path / "copy")
    committed(tmp_path / "kb", range(6, 12)).close()  # moves the log into the database
    store = committed(tmp_path / "kb", range(12, 14))
    for name in ("kb.db-wal", NOTE):
        shutil.copy(tmp_path / "kb" / name, tmp_path / "copy")
    store.close()
    refused(tmp_path / "copy")


def test_a_log_copied_before_commits_and_a_database_after_them(tmp_path: Path) -> None:
    store = committed(tmp_path / "kb", range(6))
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "kb" / "kb.db-wal", tmp_path / "copy")
    store.close()
    committed(tmp_path / "kb", range(6, 40)).close()
    for name in ("kb.db", NOTE):
        shutil.copy(tmp_path / "kb" / name, tmp_path / "copy")
    with pytest.raises(KnowledgeBaseDamaged, match=r"is a copy that is not whole.*Copy again while nobody writes"):
        held(open_store(tmp_path / "copy"))


def test_a_database_without_the_log_is_older_than_its_note(tmp_path: Path) -> None:
    """Sound in all its pages: the note alone tells."""
    store = committed(tmp_path / "kb", range(6))
    store.close()
    shutil.copytree(tmp_path / "kb", tmp_path / "copy")
    committed(tmp_path / "kb", range(6, 8)).close()
    shutil.copy(tmp_path / "kb" / NOTE, tmp_path / "copy")
    assert "the last 2 commits" in refused(tmp_path / "copy").message


def test_rows_that_are_gone_without_a_trace_are_missed(tmp_path: Path) -> None:
    """As where every page of a document is of before it, and the counters are of after it."""
    committed(tmp_path / "kb", range(3)).close()
    shutil.copytree(tmp_path / "kb", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "kb.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("DELETE FROM sources WHERE uri = CAST('/1.txt' AS BLOB)")
        raw.execute("DELETE FROM documents WHERE key = 2")
    assert "not those of the last commit" in refused(tmp_path / "copy").message
    store = open_store(tmp_path / "copy", read_only=True)
    assert "not those of the last commit" in next(finding.problem for finding in store.verify())


def test_what_is_left_of_a_torn_copy_can_be_used_after_a_rebuild(tmp_path: Path) -> None:
    test_a_database_without_the_log_is_older_than_its_note(tmp_path)
    store = open_store(tmp_path / "copy")
    assert len(list(store.verify())) == 1, "it is to be had before"
    store.rebuild()
    assert len(store.sources()) == 6
    store.commit([put("/new.txt", prose(9))])
    store.close()
    store = open_store(tmp_path / "copy", read_only=True)
    assert len(store.sources()) == 7
    assert list(store.verify(full=True)) == []
    store.close()


def test_where_a_rebuild_fails_on_a_damaged_document_the_others_can_be_read(tmp_path: Path) -> None:
    committed(tmp_path / "kb", range(3)).close()
    shutil.copytree(tmp_path / "kb", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "kb.db", isolation_level=None)) as raw:
        raw.execute("UPDATE texts SET text = CAST(upper(text) AS BLOB) WHERE document = 2")
    store = open_store(tmp_path / "copy")
    with pytest.raises(KnowledgeBaseDamaged, match=r"/1.txt: its text was altered in block 0, and 1 more"):
        store.sources()
    with pytest.raises(KnowledgeBaseDamaged, match="was altered"):
        store.rebuild()
    store.close()
    store = open_store(tmp_path / "copy")
    texts = [store.document(source.document_id) for source in store.sources() if source.uri != "/1.txt"]
    assert len(texts) == 2
    store.close()


def test_a_keyword_index_that_is_not_of_the_texts_needs_a_rebuild_only(tmp_path: Path) -> None:
    committed(tmp_path / "kb", range(3)).close()
    shutil.copytree(tmp_path / "kb", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "kb.db", isolation_level=None)) as raw:
        raw.execute("INSERT INTO keywords (rowid, text) VALUES (999, 'nowhere')")
    store = open_store(tmp_path / "copy")
    with pytest.raises(KnowledgeBaseDamaged) as caught:
        store.sources()
    assert caught.value.remedy == f"Run: ingest rebuild --kb {tmp_path / 'copy'}"
    store.rebuild()
    assert len(store.sources()) == 3
    store.close()


def opened(folder: Path, caplog) -> str:
    """What opening and reading tells."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        store = open_store(folder, read_only=True)
        assert len(store.sources()) == 3
        store.close()
    return caplog.text


def test_a_copy_is_checked_once_and_what_was_only_moved_is_not(tmp_path: Path, caplog) -> None:
    committed(tmp_path / "kb", range(3)).close()
    assert opened(tmp_path / "kb", caplog) == ""
    shutil.move(tmp_path / "kb", tmp_path / "moved")
    assert opened(tmp_path / "moved", caplog) == ""
    shutil.copytree(tmp_path / "moved", tmp_path / "copy")
    assert CHECKED in opened(tmp_path / "copy", caplog)
    assert opened(tmp_path / "copy", caplog) == ""
    assert opened(tmp_path / "moved", caplog) == ""


def test_a_copy_without_its_note_is_known_for_one(tmp_path: Path, caplog) -> None:
    committed(tmp_path / "kb", range(3)).close()
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "kb" / "kb.db", tmp_path / "copy")
    assert CHECKED in opened(tmp_path / "copy", caplog)
    assert opened(tmp_path / "copy", caplog) == ""


def test_where_the_note_cannot_be_written_the_copy_is_checked_again(tmp_path: Path, caplog) -> None:
    committed(tmp_path / "kb", range(3)).close()
    shutil.copytree(tmp_path / "kb", tmp_path / "copy")
    (tmp_path / "copy" / NOTE).unlink()
    (tmp_path / "copy" / NOTE).mkdir()
    for _ in range(2):
        assert CHECKED in opened(tmp_path / "copy", caplog)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingest", *arguments, "--kb", folder]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_commands_say_so_with_their_exit_code(tmp_path: Path) -> None:
    test_a_database_without_the_log_is_older_than_its_note(tmp_path)
    for command in (["list"], ["text", "0.txt"], ["export", "--to", str(tmp_path / "x")]):
        result = run(tmp_path / "copy", *command)
        assert result.returncode == KnowledgeBaseDamaged.exit_code
        assert "ingest rebuild" in result.stderr
    verified = run(tmp_path / "copy", "verify")
    assert verified.returncode == KnowledgeBaseDamaged.exit_code
    assert "1 problems in 6 documents" in verified.stdout
    assert run(tmp_path / "copy", "rebuild").returncode == 0
    assert run(tmp_path / "copy", "list").returncode == 0
