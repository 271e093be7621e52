"""Followers of a database that fails over, or is restored: what they have seen may not be the truth any more.

One host, servers stopped and promoted by hand; `test_failover.py` has Patroni do it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.errors import KnowledgeBaseMismatch
from ingest.store import FOLLOWING, open_store
from tests.support.entries import prose, put
from tests.support.postgres import back_up, binaries, new_database, postgres, start_copy
from tests.support.queued import wait_for
from tests.support.sessions import sessions

psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
pytestmark = pytest.mark.slow

from ingest.store.postgres.connection import Server  # noqa: E402
from ingest.store.postgres.following import Follower  # noqa: E402
from ingest.store.postgres.position import read_position  # noqa: E402


@pytest.fixture(scope="module")
def server():
    """One of its own: whole servers are copied here."""
    with postgres() as uri:
        yield uri


@pytest.fixture
def running():
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with sessions(Path(name)) as all_of_them:
            yield all_of_them


@pytest.fixture
def location(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return new_database(server)


def elsewhere(location, uri):
    """The same database in a copy of its server."""
    return f"{location.partition('?')[0]}?{uri.partition('?')[2]}"


def write(location, *numbers):
    store = open_store(location, create=True)
    for number in numbers:
        store.commit([put(f"/{number}.txt", prose(number))])
    contents = dict(store.contents())
    store.close()
    return contents


@contextmanager
def follower(tmp_path):
    """Brings one folder up to date with a location, and gives what it holds then."""
    folder = open_store(tmp_path / "kb", create=True)

    def follow(location):
        server = Server(location, standby=True)
        try:
            Follower(server, folder, tmp_path / "kb").catch_up()
        finally:
            server.close()
        return dict(folder.contents())

    yield follow
    folder.close()


def answering(location):
    def answers():
        try:
            psycopg.connect(location).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_for(answers)
    return location


def ask(location, statement):
    with psycopg.connect(location, autocommit=True) as connection:
        return connection.execute(statement).fetchone()[0]


def promote(location):
    assert ask(location, "SELECT pg_promote()")


@pytest.fixture
def standby(server, running, location):
    """A standby of the server, which has had all that was written before, and hears no more of it."""
    write(location, 1, 2)
    copy = answering(elsewhere(location, start_copy(back_up(server, running, "standby", standby=True), running)))
    wait_for(lambda: ask(copy, "SELECT count(*) FROM kestrel.documents") == 2)
    return copy


def deafen(standby):
    with psycopg.connect(standby, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
        connection.execute("SELECT pg_reload_conf()")
    wait_for(lambda: ask(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 0)


def test_a_standby_that_takes_over_with_everything_is_followed_on(standby, location, tmp_path):
    with follower(tmp_path) as follow:
        written = write(location, 3)
        assert follow(location) == written
        wait_for(lambda: ask(standby, "SELECT generation FROM kestrel.base") == 3)
        promote(standby)
        assert follow(standby) == written
        written = write(standby, 4)
        assert follow(standby) == written


def test_a_standby_that_takes_over_without_all_is_refused_and_once_it_has_more_is_compared(standby, location, tmp_path):
    """Numbers of the lost transactions are given again, so that a follower that only goes on would miss documents."""
    with follower(tmp_path) as follow:
        deafen(standby)
        seen = write(location, 3)
        assert follow(location) == follow(standby) == seen  # a standby that lags has nothing to tell
        promote(standby)
        with pytest.raises(KnowledgeBaseMismatch, match=r"did not have all \(2 commits, of 3 seen\).*follow again"):
            follow(standby)
        written = write(standby, 4)
        assert follow(standby) == written


def test_a_restored_backup_is_refused(server, running, location, tmp_path):
    write(location, 1, 2)
    backup = back_up(server, running, "backup")
    with follower(tmp_path) as follow:
        written = write(location, 3)
        assert follow(location) == written
        restored = answering(elsewhere(location, start_copy(backup, running)))
        with pytest.raises(KnowledgeBaseMismatch, match="restored from a backup"):
            follow(restored)


def test_a_dump_in_another_server_is_refused(location, postgres_server, tmp_path):
    written = write(location, 1, 2)
    into = new_database(postgres_server)
    subprocess.run([binaries() / "pg_dump", "-Fc", "-f", tmp_path / "dump", location], check=True)
    subprocess.run([binaries() / "pg_restore", "-d", into, tmp_path / "dump"], check=True)
    with follower(tmp_path) as follow:
        assert follow(location) == written
        with pytest.raises(KnowledgeBaseMismatch, match="in another PostgreSQL now"):
            follow(into)


def test_a_role_that_may_only_read_can_follow(location):
    write(location, 1)
    with psycopg.connect(location, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA kestrel TO reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA kestrel TO reader")
    server = Server(location.replace("postgres:@", "reader:@"))
    assert server.read(read_position).generation == 1
    server.close()


def test_a_copy_of_a_folder_whose_cursor_is_ahead_of_its_documents_is_compared(location, tmp_path):
    """The cursor may be copied after commits that the copied documents lack."""
    write(location, 1, 2)
    (tmp_path / "original").mkdir()
    with follower(tmp_path / "original") as follow:
        follow(location)
    shutil.copytree(tmp_path / "original" / "kb", tmp_path / "kb")
    written = write(location, 3)
    with follower(tmp_path / "original") as follow:
        follow(location)
    shutil.copy(tmp_path / "original" / "kb" / FOLLOWING, tmp_path / "kb")
    with follower(tmp_path) as follow:
        assert follow(location) == written
