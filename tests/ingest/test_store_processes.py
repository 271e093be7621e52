"""Many processes on one knowledge base: one writes at a time, all read, none sees half of a commit."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from ingest.changes import Remove
from ingest.errors import KnowledgeBaseBusy
from ingest.store import connection, open_store
from ingest.store.locks import FileLock
from tests.support.entries import prose, put
from tests.support.store_processes import PAIR

posix = pytest.mark.skipif(os.name != "posix", reason="forks and sends signals")


@pytest.fixture
def folder(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put(name, prose(side), title="0") for side, name in enumerate(PAIR)])
    store.close()
    return tmp_path / "kb"


def start(role, folder, seconds):
    command = [sys.executable, "-m", "tests.support.store_processes", role, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    return int(out.split()[-1])


def work_together(folder, seconds):
    roles = ["write", "write", "maintain", "read", "read", "read"]
    processes = [start(role, folder, seconds) for role in roles]
    done = [finish(process) for process in processes]
    store = open_store(folder)
    assert list(store.verify(full=True)) == []
    assert store.generation() == 1 + done[0] + done[1]
    assert len({path.name for path in (folder / "segments").iterdir()}) <= 12
    store.close()
    assert min(done) > 0


def test_two_writers_a_maintainer_and_three_readers(folder):
    work_together(folder, seconds=2)


@pytest.mark.slow
def test_two_writers_a_maintainer_and_three_readers_for_longer(folder):
    """For a minute, with the command line and a browser: `tests/test_concurrency.py`."""
    work_together(folder, seconds=20)


@posix
def test_a_forked_child_opens_its_own_connections(folder):
    assert finish(start("fork", folder, 60)) == 1


@contextmanager
def lock_holder(folder):
    process = start("hold", folder, 600)
    assert process.stdout.readline() == "holding\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_dies_with_its_holder(folder):
    store = open_store(folder)
    with lock_holder(folder) as holder:
        holder.kill()
        holder.wait()
        started = time.monotonic()
        store.commit([Remove(PAIR[0])])
        assert time.monotonic() - started < 5
    store.close()


@posix
def test_a_lock_that_stays_taken_is_reported_with_its_holder(folder):
    with lock_holder(folder) as holder:
        holder.send_signal(signal.SIGSTOP)
        lock = FileLock(folder / "write.lock", waiting_time=0.2)
        with pytest.raises(KnowledgeBaseBusy, match=rf"held for 0\.2 s by process {holder.pid}"), lock.held():
            pass
        holder.send_signal(signal.SIGCONT)
        reading = open_store(folder, read_only=True)
        assert len(reading.sources()) == 2
        reading.close()


def test_a_database_that_another_program_locks_can_be_read_and_is_said_to_be_busy(folder, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.3)
    store = open_store(folder)
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as other:
        for way in ("IMMEDIATE", "EXCLUSIVE"):
            other.execute(f"BEGIN {way}")
            started = time.monotonic()
            with pytest.raises(KnowledgeBaseBusy, match=r"locked by another program.*Try again"):
                store.commit([Remove(PAIR[0])])
            assert time.monotonic() - started < 5
            assert len(store.sources()) == 2
            other.execute("ROLLBACK")
    store.commit([Remove(PAIR[0])])
    assert len(store.sources()) == 1
    store.close()


def test_a_reader_that_stays_makes_the_log_grow_only_until_it_goes(folder):
    """SQLite keeps what a reader may still need. Readers of Kestrel go after each question."""
    store, log = open_store(folder), folder / "kb.db-wal"
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        (before,) = reader.execute("SELECT count(*) FROM chunks").fetchone()
        for number in range(100):
            store.commit([put(PAIR[0], prose(number))])
        assert reader.execute("SELECT count(*) FROM chunks").fetchone() == (before,)
        grown = log.stat().st_size
        reader.execute("ROLLBACK")
    for number in range(100):
        store.commit([put(PAIR[0], prose(number))])
    assert log.stat().st_size < 1.2 * grown, "it is written anew from its beginning"
    store.close()
    assert not log.exists()


def test_a_lock_is_held_by_one_thread_at_a_time(tmp_path):
    lock = FileLock(tmp_path / "lock", waiting_time=0.1)
    with lock.held():
        with pytest.raises(KnowledgeBaseBusy, match=str(os.getpid())), lock.held():
            pass
        with pytest.raises(KnowledgeBaseBusy, match=str(os.getpid())), FileLock(tmp_path / "lock", 0.1).held():
            pass
    with lock.held():
        pass
