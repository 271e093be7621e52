"""A failover under load with the real engines: Ray, and PostgreSQL 18 under Patroni and etcd, three machines of each.

While an ingest runs and two clients ask, a Ray node with a worker and then PostgreSQL's leader are killed by SIGKILL,
all that belongs to their machine at once; the dead machine comes back. All of it is one host with one clock and one
disk: the network never partitions, a dead machine's sockets close at once, nothing is lost of what the operating system
has taken, and no machine is slow. So this shows nothing of power loss, of partitions, of a leader that goes on unseen,
of other hosts, or of how long a managed service takes.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import pytest

from ingest.knowledge_base import KnowledgeBase
from ingest.store import open_store
from tests.support.asking import asking
from tests.support.queued import (
    EMBEDDER,
    ROOT,
    command,
    contents_of_a_plain_run,
    count,
    finished,
    report_of,
    wait_for,
    write_files,
)
from tests.support.ray_cluster import ray_cluster

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="no Ray: the extra ray is not installed"),
]

from ingest.store.postgres.connection import Server  # noqa: E402
from ingest.store.postgres.position import read_position  # noqa: E402
from tests.support.postgres_cluster import postgres_cluster  # noqa: E402

FILES = 80
SECONDS_A_TEXT = 0.5
QUESTION = "invoice deposit"


@pytest.fixture
def clusters():
    """Ray's and PostgreSQL's, started side by side."""
    with ExitStack() as both, ThreadPoolExecutor() as threads:
        postgres = threads.submit(both.enter_context, postgres_cluster())
        ray = both.enter_context(ray_cluster(KESTREL_TEST_SECONDS_A_TEXT=str(SECONDS_A_TEXT)))
        for name in ("one", "two"):
            ray.add_node(name, 2)
        yield ray, postgres.result()


@contextmanager
def following(location, folder):
    """`ingest follow`, running."""
    arguments = ["follow", location, "--kb", str(folder), "--every", "0.5"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def client_of(location):
    """Asks a knowledge base of its own, opened for reading."""
    with (
        KnowledgeBase.open(location, embedder=EMBEDDER, read_only=True) as knowledge,
        asking(lambda: len(knowledge.search(QUESTION, 5))) as account,
    ):
        yield account


@contextmanager
def client_of_the_leader(location):
    """Reads nowhere but from the leader: the control, which has to notice."""
    with (
        closing(Server(f"{location}&target_session_attrs=read-write", standby=True)) as server,
        asking(lambda: server.read(read_position).generation) as account,
    ):
        yield account


def named(location, who):
    return f"{location}&application_name={who}"


def connections(postgres, machine, *names):
    """How many clients of these names a machine serves."""
    among = f"SELECT count(*) FROM pg_stat_activity WHERE application_name IN {names}"
    return count(postgres.location_of(machine, "kb"), among)


def seconds_until(condition, seconds=90.0):
    started = time.monotonic()
    wait_for(condition, seconds)
    return time.monotonic() - started


def kill_a_node_that_works(ray, location):
    wait_for(lambda: len(ray.hosts()) == 2 and 8 <= finished(location) < FILES // 2)
    victim = ray.hosts()[0]
    ray.kill(victim)
    assert victim not in ray.hosts()


def kill_the_leader(postgres, location):
    """Gives its name, when the next one led, and when that took the first file, in seconds after the kill."""
    before = finished(location)
    wait_for(lambda: finished(location) > before)
    dead, started = postgres.leader(), time.monotonic()
    postgres.kill(dead)
    known = finished(location)
    assert known < FILES - 16
    led = seconds_until(lambda: postgres.leader() not in (None, dead))
    wait_for(lambda: finished(location) > known)
    return dead, led, time.monotonic() - started


def test_a_failover_in_mid_ingest_loses_nothing_and_readers_of_standbys_see_no_error(clusters, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ray, postgres = clusters
    location, kb = postgres.new_database("kb"), tmp_path / "kb"
    folder = write_files(tmp_path / "docs", FILES)
    expected = contents_of_a_plain_run(folder, tmp_path / "plain")
    open_store(location, create=True).close()
    with following(named(location, "follower"), kb) as follower, command(folder, location, ray.address) as ingest:
        wait_for(lambda: (kb / "following.json").exists() and contents_of(kb))
        with (
            client_of(kb) as of_folder,
            client_of(named(location, "reader")) as of_standby,
            client_of_the_leader(location) as control,
        ):
            wait_for(lambda: of_folder.found and of_standby.found)
            assert connections(postgres, postgres.leader(), "follower", "reader") == 0
            kill_a_node_that_works(ray, location)
            dead, led, wrote = kill_the_leader(postgres, location)
            print(f"a new leader after {led:.1f} s, a file stored again after {wrote:.1f} s")
            postgres.start_machine(dead)
            rejoined = seconds_until(lambda: dead in postgres.streaming())
            print(f"the dead machine was a standby again after {rejoined:.1f} s")
            report = report_of(ingest)
            truth = open_store(location)
            wait_for(lambda: contents_of(kb) == expected, 30)
        assert follower.poll() is None, follower.communicate()[1]
    print(f"who insists on the leader: the longest wait {control.worst:.2f} s, {len(control.errors)} errors")
    assert control.worst > 10
    for account in (of_folder, of_standby):
        print(f"{len(account.found)} answers, the longest wait {account.worst:.2f} s")
        assert account.errors == []
        assert account.worst < 10
        assert account.found[-1] == 5
    assert (report["added"], report["documents"], report["failed"]) == (FILES, FILES, [])
    assert dict(truth.contents()) == expected
    assert list(truth.verify(full=True)) == []
    truth.close()
    leading = postgres.location_of(postgres.leader(), "kb")
    assert count(leading, "SELECT count(*) FROM kestrel.sources") == FILES
    assert count(leading, "SELECT count(*) FROM kestrel.jobs WHERE finished IS NULL") == 0
    assert count(leading, "SELECT generation FROM kestrel.base") == count(leading, COMMITS_THAT_STORED)
    wait_for(lambda: count(postgres.location_of(dead, "kb"), "SELECT count(*) FROM kestrel.documents") == FILES, 30)
    assert count(postgres.location_of(dead, "kb"), "SELECT pg_is_in_recovery()::int") == 1
    assert postgres.timeline(dead) == postgres.timeline(postgres.leader()) == 2


COMMITS_THAT_STORED = "SELECT count(*) FROM kestrel.commits WHERE result::jsonb ? 'held'"


def contents_of(kb):
    store = open_store(kb, read_only=True)
    try:
        return dict(store.contents())
    finally:
        store.close()
