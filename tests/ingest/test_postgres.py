"""PostgreSQL as the truth: writers side by side, lost acknowledgements, and folders that follow.

One real server on this machine. It shows nothing of partitions, of power loss or of other hosts.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.changes import Remove
from ingest.errors import KnowledgeBaseMismatch, StorageFailed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.store import open_store
from ingest.store.postgres.connection import Server
from ingest.store.postgres.following import Follower
from ingest.transfer import export, import_file
from tests.support.cutting_proxy import cutting_proxy
from tests.support.entries import prose, put, vector

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture
def truth(postgres_location):
    store = open_store(postgres_location, create=True)
    yield store
    store.close()


@pytest.fixture
def follow(postgres_location, tmp_path):
    """A folder that follows the database, and what brings it up to date."""
    store = open_store(tmp_path / "kb", create=True)
    server = Server(postgres_location, standby=True)
    yield store, Follower(server, store, tmp_path / "kb").catch_up
    server.close()
    store.close()


def answers(store, count=50):
    """What fifty questions find, by vector and by words: documents and places, with the scores."""
    found = []
    for seed in range(count):
        for scored in (
            store.search_vectors(vector(f"question {seed}")[None], 10),
            store.keywords.search(prose(seed, 1), 10),
        ):
            hits = store.hits(scored)
            found.append([(h.source, h.chunk.start, h.chunk.text, h.title, round(h.score, 6)) for h in hits])
    return found


def test_a_follower_answers_fifty_questions_as_a_folder_does(truth, follow, tmp_path):
    alone = open_store(tmp_path / "alone", create=True)
    folder, catch_up = follow
    for step in (
        [put(f"/{n}.txt", prose(n), title=f"Report {n}") for n in range(60)],
        [Remove("/5.txt"), put("/6.txt", prose(106)), put("/70.txt", prose(70))],
        [put("/same.txt", prose(10), title="Report 10")],
    ):
        truth.commit(step)
        alone.commit(step)
        assert catch_up() > 0
    alone.maintain()
    assert catch_up() == 0
    assert folder.sources() == alone.sources()
    assert answers(folder) == answers(alone) == answers(truth)
    alone.close()


def test_names_swapped_between_two_looks_arrive(truth, follow):
    folder, catch_up = follow
    truth.commit([put("/a.txt", prose(1)), put("/b.txt", prose(2))])
    catch_up()
    truth.commit([put("/a.txt", prose(2)), put("/b.txt", prose(1)), put("/c.txt", prose(3))])
    truth.commit([Remove("/c.txt")])
    catch_up()
    assert folder.contents().keys() == truth.contents().keys()
    assert folder.sources() == truth.sources()


def test_a_folder_of_its_own_does_not_follow(truth, follow):
    folder, catch_up = follow
    folder.commit([put("/mine.txt", prose(1))])
    with pytest.raises(UsageError, match="documents of its own"):
        catch_up()


def test_only_the_follower_writes_to_a_folder_that_follows(truth, follow, tmp_path):
    folder, catch_up = follow
    truth.commit([put("/a.txt", prose(1))])
    catch_up()
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing") as knowledge:
        for change in ([put("/mine.txt", prose(2))], [Remove("/a.txt")]):
            with pytest.raises(UsageError, match="follows a database"):
                knowledge.store.commit(change)
        with pytest.raises(UsageError, match="follows a database"):
            knowledge.remove("/a.txt")
    truth.commit([put("/b.txt", prose(3))])
    assert catch_up() == 1
    assert [source.uri for source in folder.sources()] == ["/a.txt", "/b.txt"]


def test_a_follower_of_another_database_is_refused(truth, follow, postgres_server, tmp_path):
    from tests.support.postgres import new_database

    folder, catch_up = follow
    catch_up()
    elsewhere = new_database(postgres_server)
    open_store(elsewhere, create=True).close()
    server = Server(elsewhere)
    with pytest.raises(KnowledgeBaseMismatch, match="another database"):
        Follower(server, folder, tmp_path / "kb").catch_up()
    server.close()


def test_following_misses_nothing_of_six_writers_where_following_by_row_number_does(truth, follow, postgres_location):
    """The control reads beside it by `key > last`, and must lose documents: keys become visible out of order."""
    folder, catch_up = follow
    naive: set[str] = set()
    done = threading.Event()

    def write(writer):
        store = open_store(postgres_location)
        for n in range(12):
            store.commit([put(f"/{writer}/{n}-{k}.txt", prose(writer * 1000 + n * 10 + k, 2)) for k in range(4)])
        store.close()

    def read_naively():
        last = 0
        with psycopg.connect(postgres_location, autocommit=True) as connection:
            while True:
                final = done.is_set()
                rows = connection.execute("SELECT key, id FROM kestrel.documents WHERE key > %s ORDER BY key", (last,))
                for key, name in rows.fetchall():
                    naive.add(name)
                    last = key
                if final:
                    return

    with ThreadPoolExecutor(8) as threads:
        control = threads.submit(read_naively)
        writing = [threads.submit(write, writer) for writer in range(6)]
        while not all(each.done() for each in writing):
            catch_up()
        done.set()
        for each in (control, *writing):
            each.result()
    catch_up()
    assert folder.contents() == dict(truth.contents())
    assert len(folder.contents()) == 288
    assert len(naive) < 288


def test_a_commit_whose_acknowledgement_was_lost_is_looked_up_and_not_repeated(truth, postgres_location):
    with cutting_proxy(postgres_location) as proxy:
        store = open_store(proxy.location)
        store.commit([put("/a.txt", prose(1))])
        proxy.cuts = 1
        committed = store.commit([put("/b.txt", prose(2))])
        assert proxy.cuts == 0
        assert (committed.generation, committed.documents_added) == (2, 1)
        store.close()
    assert truth.generation() == 2
    assert [source.uri for source in truth.sources()] == ["/a.txt", "/b.txt"]


def test_a_unit_is_run_again_when_its_backend_is_killed(truth, postgres_location):
    truth.commit([put("/a.txt", prose(1))])
    with psycopg.connect(postgres_location, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert truth.commit([put("/b.txt", prose(2))]).generation == 2


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path):
    with pytest.raises(StorageFailed, match=r"postgresql://127\.0\.0\.1/kb refused") as caught:
        open_store("postgresql://someone:secret@127.0.0.1:1/kb", create=True)
    assert "secret" not in str(caught.value)


def test_a_knowledge_base_moves_into_the_database_and_out_again(truth, tmp_path):
    first, last = open_store(tmp_path / "first", create=True), open_store(tmp_path / "last", create=True)
    first.commit([put(f"/{n}.txt", prose(n)) for n in range(30)])
    *_, _ = export(first, tmp_path / "out")
    *_, into = import_file(truth, tmp_path / "out")
    *_, _ = export(truth, tmp_path / "back")
    *_, back = import_file(last, tmp_path / "back")
    assert (into.equal_answers, back.equal_answers) == (30, 30)
    assert first.contents() == truth.contents() == last.contents()
    assert answers(first, 10) == answers(last, 10)
    first.close()
    last.close()
