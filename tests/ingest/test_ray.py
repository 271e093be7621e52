"""Workers on a real Ray cluster: a head and two nodes on this machine, one of them killed in mid ingest.

All on one host, killed by SIGKILL: a node falls silent and its sockets close. It shows nothing of partitions, where a
node goes on unseen, of the death of Ray's head (which ends the command), or of other hosts.
"""

from __future__ import annotations

import importlib.util
import socket
import time

import pytest

from ingest.errors import UsageError, WorkersUnreachable
from ingest.queue import ray_actors
from ingest.queue.claiming import Task
from ingest.queue.ray_actors import Actors
from ingest.store import open_store
from tests.support.queued import (
    RUN,
    WORKING,
    command,
    contents_of_a_plain_run,
    count,
    finished,
    report_of,
    wait_for,
    write_files,
)
from tests.support.ray_cluster import ray_cluster

pytest.importorskip("psycopg", reason="the extra postgres is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="no Ray: the extra ray is not installed"),
]
FILES = 40
IMPATIENT = f"from ingest.queue import ray_actors; ray_actors.STANDSTILL_SECONDS = 3.0; {RUN}"


@pytest.fixture(scope="module")
def head():
    with ray_cluster(KESTREL_TEST_SECONDS_A_TEXT="0.3") as cluster:
        yield cluster


@pytest.fixture
def cluster(head):
    """No nodes but the head, which works on nothing."""
    yield head
    head.kill_nodes()


def test_a_node_killed_in_mid_ingest_loses_nothing_and_its_worker_starts_again_on_another(
    cluster, postgres_location, tmp_path
):
    folder = write_files(tmp_path / "docs", FILES)
    expected = contents_of_a_plain_run(folder, tmp_path / "plain")
    cluster.add_node("one", 2)
    cluster.add_node("two", 2)
    with command(folder, postgres_location, cluster.address) as process:
        wait_for(lambda: 0 < finished(postgres_location) < FILES - 8 and count(postgres_location, WORKING) == 2)
        victim = cluster.hosts()[0]
        assert cluster.kill(victim) > 2
        killed = time.monotonic()
        wait_for(lambda: len(cluster.hosts()) == 2)
        assert victim not in cluster.hosts()
        print(f"its worker ran on another node after {time.monotonic() - killed:.1f} s")
        report = report_of(process)
        print(f"the last file was in after {time.monotonic() - killed:.1f} s")
    assert (report["added"], report["documents"], report["failed"]) == (FILES, FILES, [])
    assert count(postgres_location, "SELECT count(*) FROM kestrel.jobs WHERE tries > 1") > 0  # it held files
    assert count(postgres_location, "SELECT count(*) FROM kestrel.sources") == FILES
    assert count(postgres_location, "SELECT count(*) FROM kestrel.jobs WHERE finished IS NULL") == 0
    truth = open_store(postgres_location)
    assert dict(truth.contents()) == expected
    assert list(truth.verify(full=True)) == []
    truth.close()


def test_when_the_last_node_dies_the_command_says_so_and_ends(cluster, postgres_location, tmp_path):
    folder = write_files(tmp_path / "docs", FILES)
    cluster.add_node("last", 1)
    with command(folder, postgres_location, cluster.address, program=IMPATIENT) as process:
        wait_for(lambda: 0 < finished(postgres_location) < FILES - 8)
        cluster.kill("last")
        _, said = process.communicate(timeout=60)
    assert process.returncode == WorkersUnreachable.exit_code
    assert "No node of the Ray cluster has a processor to give" in said


def refused(address):
    started = time.monotonic()
    with pytest.raises(WorkersUnreachable) as caught:
        Actors(Task("postgresql://127.0.0.1/kb"), None, address)
    return str(caught.value), time.monotonic() - started


def test_an_address_where_nothing_listens_is_refused_at_once():
    said, seconds = refused("ray://127.0.0.1:1")
    assert "no Ray cluster at 127.0.0.1:1" in said
    assert "ray start --address" in said
    assert seconds < ray_actors.PROBE_SECONDS + 1


def test_what_listens_but_is_no_head_is_refused_in_time(monkeypatch):
    monkeypatch.setattr(ray_actors, "CONNECT_SECONDS", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said, seconds = refused(f"ray://127.0.0.1:{listener.getsockname()[1]}")
    assert "did not answer as a head in 3 s" in said
    assert seconds < 10


@pytest.mark.parametrize("address", ["ray://", "ray://head:port", "ray://head:99999"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="no address of a Ray cluster"):
        Actors(Task("postgresql://127.0.0.1/kb"), None, address)
