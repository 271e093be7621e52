"""The folder of a knowledge base is removed, or another one made in its place, while a program has it open."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.errors import KnowledgeBaseError
from ingest.store import open_store
from tests.ingest.test_opening import copied_as_after_a_kill
from tests.support.entries import prose, put, vector

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps files that are open")

GONE = "was removed or replaced after it was opened. Open it again."
OPENED = """
import sys
from ingest.errors import KnowledgeBaseError
from ingest.store import open_store
from tests.support.entries import prose, put, vector
store = open_store(sys.argv[1])
store.commit([put("/old.txt", prose(3))])
store.search_vectors(vector(prose(3)[:80])[None], 1)
print("open", flush=True)
sys.stdin.readline()
try:
    store.commit([put("/lost.txt", prose(4))])
except KnowledgeBaseError as error:
    print(error, flush=True)
if sys.argv[2] == "closes":
    store.close()
"""


def refused(store) -> None:
    """Nothing is read, written, tidied or acknowledged."""
    attempts = (
        lambda: store.commit([put("/lost.txt", prose(4))]),
        store.maintain,
        store.rebuild,
        store.generation,
        store.sources,
        lambda: store.search_vectors(vector("x")[None], 1),
        lambda: list(store.verify(full=True)),
    )
    for attempt in attempts:
        with pytest.raises(KnowledgeBaseError, match=GONE):
            attempt()


def filled(folder: Path, seed: int):
    store = open_store(folder, create=True)
    store.commit([put(f"/{seed}.txt", prose(seed))])
    store.maintain()
    return store


def test_a_folder_that_was_removed(tmp_path: Path) -> None:
    store = filled(tmp_path / "kb", 1)
    shutil.rmtree(tmp_path / "kb")
    refused(store)
    store.close()
    assert not (tmp_path / "kb").exists()


def test_a_folder_that_another_took_the_place_of(tmp_path: Path) -> None:
    old = filled(tmp_path / "kb", 1)
    shutil.rmtree(tmp_path / "kb")
    new = filled(tmp_path / "kb", 2)
    refused(old)
    old.close()
    assert list(new.verify(full=True)) == []
    assert [source.uri for source in new.sources()] == ["/2.txt"]
    assert not new.degraded
    new.close()


@pytest.mark.parametrize("end", ["closes", "just ends"])
def test_who_had_the_old_one_open_takes_nothing_from_the_new_one(tmp_path: Path, end: str) -> None:
    """SQLite deletes the log of a database that it closes by its name: that of the new one, with its last commits."""
    filled(tmp_path / "kb", 1).close()
    command = [sys.executable, "-c", OPENED, str(tmp_path / "kb"), end]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        shutil.rmtree(tmp_path / "kb")
        new = filled(tmp_path / "kb", 2)
        new.commit([put("/in-the-log.txt", prose(5))])
        printed, _ = other.communicate("go on\n", timeout=60)
        assert other.returncode == 0
        assert GONE in printed
    copied_as_after_a_kill(tmp_path / "kb", tmp_path / "crashed")
    for folder in (tmp_path / "kb", tmp_path / "crashed"):
        store = open_store(folder)
        assert {source.uri for source in store.sources()} == {"/2.txt", "/in-the-log.txt"}
        assert list(store.verify(full=True)) == []
        store.close()
    new.close()
