"""Several workers and one queue, on a real PostgreSQL: exactly once, whoever is killed.

All on one host, killed by SIGKILL. It shows nothing of partitions, of power loss or of clocks: leases use the server's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ingest import pipeline
from ingest.changes import Put, Record
from ingest.documents import Source
from ingest.errors import KestrelError, KnowledgeBaseMismatch, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from ingest.processors import threads_of_libraries
from ingest.queue.claiming import CLAIM_FILES, MOST_TRIES, Task
from ingest.queue.crews import crew_of
from ingest.queue.process import Processes
from ingest.queue.running import QueuedIngest
from ingest.store import open_store
from tests.support.cutting_proxy import cutting_proxy
from tests.support.entries import prose, put

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")

from ingest.store.postgres.connection import Server  # noqa: E402
from ingest.store.postgres.jobs import Depth, Job, Jobs  # noqa: E402
from tests.support.queued import (  # noqa: E402
    EMBEDDER,
    WORKING,
    command,
    contents_of_a_plain_run,
    count,
    finished,
    report_of,
    wait_for,
    workers_of,
    write_files,
)

pytestmark = pytest.mark.slow
ENDED = {"ended": "stored", "bytes": 1, "pages": 0, "chunks": 1, "warnings": []}


@pytest.fixture
def truth(postgres_location):
    store = open_store(postgres_location, create=True)
    yield store
    store.close()


@pytest.fixture
def jobs(truth, postgres_location):
    server = Server(postgres_location)
    yield Jobs(server)
    server.close()


def offers(tmp_path, number):
    return [Job(f"/{n}.txt", tmp_path / f"{n}.txt", 1, 1) for n in range(number)]


def test_six_claimants_get_every_file_once(jobs, tmp_path):
    jobs.offer(offers(tmp_path, 200), "sentence")

    def claim_all(worker):
        taken = []
        while claim := jobs.claim(f"worker {worker}", "sentence", 3, 60).jobs:
            taken += [job.uri for job in claim]
        return taken

    with ThreadPoolExecutor(6) as threads:
        taken = Counter(uri for uris in threads.map(claim_all, range(6)) for uri in uris)
    assert len(taken) == 200
    assert set(taken.values()) == {1}


def test_a_worker_that_comes_back_after_its_lease_changes_nothing(jobs, truth, tmp_path):
    jobs.offer(offers(tmp_path, 1), "sentence")
    late = jobs.claim("late", "sentence", 1, 0.1)
    assert jobs.claim("other", "sentence", 1, 60).jobs == ()
    time.sleep(0.2)
    other = jobs.claim("other", "sentence", 1, 60)
    assert [job.tries for job in (*late.jobs, *other.jobs)] == [1, 2]
    jobs.renew(late.token, 60)
    assert jobs.finish(late, [put("/0.txt", prose(1))], {"/0.txt": ENDED}) == set()
    assert truth.contents() == {}
    assert truth.generation() == 0
    assert jobs.finish(other, [put("/0.txt", prose(2))], {"/0.txt": ENDED}) == {"/0.txt"}
    assert jobs.finish(other, [put("/0.txt", prose(3))], {"/0.txt": ENDED}) == set()
    assert truth.generation() == 1
    assert truth.document(next(iter(truth.contents()))).text == prose(2)


def test_a_renewed_lease_holds_and_a_released_claim_is_free(jobs, tmp_path):
    jobs.offer(offers(tmp_path, 2), "sentence")
    claim = jobs.claim("one", "sentence", 2, 0.5)
    jobs.renew(claim.token, 60)
    time.sleep(0.6)
    assert jobs.depth() == Depth(waiting=0, claimed=2, expired=0)
    assert jobs.claim("two", "sentence", 2, 60).jobs == ()
    jobs.release("one", tried=False)
    assert jobs.depth() == Depth(waiting=2, claimed=0, expired=0)
    assert [job.tries for job in jobs.claim("two", "sentence", 2, 60).jobs] == [1, 1]


def test_what_was_claimed_before_comes_last_and_alone(jobs, tmp_path):
    jobs.offer(offers(tmp_path, 5), "sentence")
    jobs.claim("killed", "sentence", 3, 0.05)
    time.sleep(0.1)
    claims = [[job.uri for job in jobs.claim("next", "sentence", 3, 60).jobs] for _ in range(5)]
    assert claims == [["/3.txt", "/4.txt"], ["/0.txt"], ["/1.txt"], ["/2.txt"], []]


def test_a_file_that_is_offered_again_keeps_its_place_until_it_has_ended(jobs, tmp_path):
    (key,) = jobs.offer(offers(tmp_path, 1), "sentence")
    claim = jobs.claim("one", "sentence", 1, 60)
    assert list(jobs.offer(offers(tmp_path, 1), "sentence")) == [key]
    assert jobs.claim("two", "sentence", 1, 60).jobs == ()
    failed = Source("/0.txt", 1, 1, None, "empty", "no text")
    assert jobs.finish(claim, [Record(failed)], {"/0.txt": {"failed": "empty", "reason": "no text", "bytes": 1}})
    assert jobs.results([key])[key]["failed"] == "empty"
    assert list(jobs.offer(offers(tmp_path, 1), "sentence")) == [key]
    assert jobs.results([key]) == {}
    assert [job.tries for job in jobs.claim("two", "sentence", 1, 60).jobs] == [1]


FINISH = b"UPDATE jobs SET finished"
COMMITS_THAT_STORED = "SELECT count(*) FROM kestrel.commits WHERE result::jsonb ? 'held'"


def test_a_finish_whose_acknowledgement_was_lost_is_looked_up_and_not_repeated(
    jobs, truth, postgres_location, tmp_path
):
    with cutting_proxy(postgres_location, after=FINISH) as proxy:
        server = Server(proxy.location)
        unsure = Jobs(server)
        jobs.offer(offers(tmp_path, 2), "sentence")
        claim = unsure.claim("one", "sentence", 2, 60)
        proxy.cuts = 1
        ended = unsure.finish(
            claim, [put("/0.txt", prose(1)), put("/1.txt", prose(2))], {"/0.txt": ENDED, "/1.txt": ENDED}
        )
        assert proxy.cuts == 0
        server.close()
    assert ended == {"/0.txt", "/1.txt"}
    assert truth.generation() == 1
    assert jobs.depth() == Depth(waiting=0, claimed=0, expired=0)


def test_a_worker_that_never_hears_of_three_of_its_commits_stores_each_file_once(truth, postgres_location, tmp_path):
    folder = write_files(tmp_path / "docs", 5 * CLAIM_FILES)
    expected = contents_of_a_plain_run(folder, tmp_path / "plain")
    with cutting_proxy(postgres_location, after=FINISH) as proxy:
        proxy.cuts = 3
        with command(folder, proxy.location, 1) as process:
            report = report_of(process)
        assert proxy.cuts == 0
    assert (report["added"], report["unchanged"]) == (5 * CLAIM_FILES, 0)
    nothing_lost_nothing_twice(postgres_location, truth, expected)
    assert count(postgres_location, "SELECT max(tries) FROM kestrel.jobs") == 1
    assert truth.generation() == count(postgres_location, COMMITS_THAT_STORED)


def nothing_lost_nothing_twice(location, truth, expected):
    assert dict(truth.contents()) == expected
    assert count(location, "SELECT count(*) FROM kestrel.sources") == len(expected)
    assert count(location, "SELECT count(*) FROM kestrel.jobs WHERE finished IS NULL") == 0
    assert list(truth.verify(full=True)) == []


def test_a_worker_killed_in_mid_ingest_loses_nothing(truth, postgres_location, tmp_path):
    folder = write_files(tmp_path / "docs", 60)
    (folder / "empty.txt").write_text("", encoding="utf-8")
    expected = contents_of_a_plain_run(folder, tmp_path / "plain")
    with command(folder, postgres_location, 2, slowly=0.2) as process:
        wait_for(lambda: 0 < finished(postgres_location) < 40 and count(postgres_location, WORKING) == 2)
        victim = workers_of(process)[0]
        victim.kill()
        report = report_of(process)
    assert (report["added"], report["documents"]) == (60, 60)
    assert [failed["source"] for failed in report["failed"]] == [str(folder / "empty.txt")]
    assert count(postgres_location, "SELECT count(*) FROM kestrel.jobs WHERE tries > 1") > 0  # it held files
    assert dict(truth.contents()) == expected
    assert count(postgres_location, "SELECT count(*) FROM kestrel.sources") == 61


def test_the_command_killed_in_mid_ingest_takes_its_workers_along_and_goes_on_when_run_again(
    truth, postgres_location, tmp_path
):
    folder = write_files(tmp_path / "docs", 60)
    expected = contents_of_a_plain_run(folder, tmp_path / "plain")
    with command(folder, postgres_location, 2, slowly=0.03) as process:
        wait_for(lambda: 0 < finished(postgres_location) < 40)
        workers = workers_of(process)
        process.kill()
        wait_for(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers), 20)
    before = finished(postgres_location)
    assert before < 60
    with command(folder, postgres_location, 1) as process:
        report = report_of(process)
    assert report["added"] == 60 - before
    assert report["unchanged"] == before
    nothing_lost_nothing_twice(postgres_location, truth, expected)


def test_a_file_that_kills_its_workers_ends_as_failed_and_takes_no_other_with_it(postgres_location, tmp_path):
    folder = write_files(tmp_path / "docs", 2 * CLAIM_FILES)
    (folder / "003 bad.txt").write_text("A poisonous text.", encoding="utf-8")
    with command(folder, postgres_location, 1) as process:
        report = report_of(process)
    assert report["added"] == report["documents"] == 2 * CLAIM_FILES
    (failed,) = report["failed"]
    assert failed["source"] == str(folder / "003 bad.txt")
    assert f"ended {MOST_TRIES} times" in failed["error"]


def queued(knowledge, folder, location, **task):
    elsewhere = QueuedIngest(Task(location, embedder=EMBEDDER, **task), crew_of(1))
    again = task.get("again", False)
    return pipeline.add(knowledge, [folder], IngestOptions(elsewhere=elsewhere, again=again))


def test_files_are_read_again_by_workers_and_by_no_others_of_the_queue(truth, postgres_location, tmp_path):
    folder = write_files(tmp_path / "docs", 3)
    with KnowledgeBase.open(postgres_location, embedder=EMBEDDER) as knowledge:
        list(queued(knowledge, folder, postgres_location))
        first = knowledge.sources()[0]
        entry, model = knowledge.store.entry(first), knowledge.store.model()
        old = replace(entry.document, text=entry.document.text.replace(" ", "_"), reading=0)
        knowledge.store.commit([Put(replace(entry, document=old), model)])
        assert [holding.outdated for holding in knowledge.store.holdings()] == [True, False, False]
        *_, report = queued(knowledge, folder, postgres_location, again=True)
        assert (report.added, report.updated, report.unchanged) == (0, 1, 2)
        assert not any(holding.outdated for holding in knowledge.store.holdings())
        assert knowledge.store.entry(knowledge.sources()[0]).document == entry.document


def test_a_worker_leaves_alone_what_another_run_reads_again(jobs, tmp_path):
    again = Task("", again=True)
    jobs.offer(offers(tmp_path, 2), again.way)
    assert jobs.claim("plain", Task("").way, 2, 60).jobs == ()
    assert len(jobs.claim("other", again.way, 2, 60).jobs) == 2


def test_a_run_that_is_stopped_gives_back_what_it_held(truth, postgres_location, tmp_path, monkeypatch):
    monkeypatch.setenv("KESTREL_TEST_SECONDS_A_TEXT", "0.03")
    folder = write_files(tmp_path / "docs", 60)
    with KnowledgeBase.open(postgres_location, embedder=EMBEDDER) as knowledge:
        events = queued(knowledge, folder, postgres_location)
        for _ in range(3):
            next(events)
        events.close()
    left = count(postgres_location, "SELECT count(*) FROM kestrel.jobs WHERE finished IS NULL")
    assert left > 0
    assert left == count(postgres_location, "SELECT count(*) FROM kestrel.jobs WHERE tries = 0 AND claim IS NULL")


def test_what_a_worker_reports_ends_the_run(truth, postgres_location, tmp_path):
    truth.commit([put("/a.txt", prose(1))])
    folder = write_files(tmp_path / "docs", 2)
    with (
        KnowledgeBase.open(postgres_location) as knowledge,
        pytest.raises(KnowledgeBaseMismatch, match="was asked for"),
    ):
        list(queued(knowledge, folder, postgres_location))


def test_workers_that_never_get_anything_done_end_the_run(truth, postgres_location, tmp_path, monkeypatch):
    folder = write_files(tmp_path / "docs", 2)
    monkeypatch.setattr("ingest.queue.process.COMMAND", ("false",))
    with KnowledgeBase.open(postgres_location) as knowledge, pytest.raises(KestrelError, match="got no file done"):
        list(queued(knowledge, folder, postgres_location))


TELLS_ITS_SHARE = """
import os, sys
from ingest.processors import processors
from ingest.queue import process
process.work = lambda task, worker, stopped: print(worker, processors(), os.environ["OMP_NUM_THREADS"], file=sys.stderr)
process.main()
"""


@pytest.mark.parametrize(("count", "own", "told"), [(1, None, "6 6"), (4, None, "1 1"), (3, "5", "2 5")])
def test_workers_share_the_processors(monkeypatch, capfd, count, own, told):
    monkeypatch.setattr("ingest.queue.process.COMMAND", (sys.executable, "-c", TELLS_ITS_SHARE))
    monkeypatch.setattr("ingest.queue.process.processors", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if own:
        monkeypatch.setenv("OMP_NUM_THREADS", own)  # what a person sets is obeyed by the libraries that read it
    jobs = SimpleNamespace(release=lambda *_, **__: None)
    Processes(Task("nowhere"), jobs, count).close()
    assert [line.partition(" ")[2] for line in capfd.readouterr().err.splitlines()] == count * [told]


def test_torch_computes_with_its_share():
    command = [sys.executable, "-c", "import torch; print(torch.get_num_threads())"]
    told = subprocess.run(command, env={**os.environ, **threads_of_libraries(1)}, capture_output=True, text=True)
    assert told.stdout.strip() == "1", told.stderr


def test_a_folder_has_no_queue():
    from ingest.commands.options import Reading

    with pytest.raises(UsageError, match="share a database"):
        Reading("kb", None, "", "sentence", "ray://head", ()).options()
