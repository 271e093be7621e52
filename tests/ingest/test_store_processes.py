"""Many processes on one knowledge base: one writes at a time, all read, none sees half of a commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from ingest.changes import Remove
from ingest.errors import KnowledgeBaseBusy
from ingest.store import open_store
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


def test_a_lock_is_held_by_one_thread_at_a_time(tmp_path):
    lock = FileLock(tmp_path / "lock", waiting_time=0.1)
    with lock.held():
        with pytest.raises(KnowledgeBaseBusy, match=str(os.getpid())), lock.held():
            pass
        with pytest.raises(KnowledgeBaseBusy, match=str(os.getpid())), FileLock(tmp_path / "lock", 0.1).held():
            pass
    with lock.held():
        pass
