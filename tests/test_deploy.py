"""The recipes of docs/deploy: every command is one of Kestrel's, and every file is read by the program it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ingest.cli import ingest
from ingest.errors import UsageError
from ingest.store import open_store
from tests.support.entries import prose, put, vector
from tests.support.postgres import new_database
from ui.__main__ import main as pages
from ui.listening import VARIABLE, Listening, key_for

if TYPE_CHECKING:
    from ingest.protocols import Store

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy"
REPLICAS = {"LISTEN": "127.0.0.1:8080", "REPLICA_1": "127.0.0.1:8501", "REPLICA_2": "127.0.0.1:8502"}


def services() -> dict[str, dict[str, Any]]:
    told: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return told["services"]


def parsed(command: list[str]) -> dict[str, Any]:
    """The options as Kestrel's own command line reads them; nothing is run."""
    program, *arguments = command
    if program == "python":
        assert arguments[:2] == ["-m", "ui"]
        return pages.make_context("ui", arguments[2:]).params
    assert program == "ingest"
    group = ingest.make_context("ingest", arguments[:1])  # with the settings that its commands take over
    name, found, rest = ingest.resolve_command(group, arguments)
    assert found is not None
    return found.make_context(name, rest, parent=group).params


def test_every_command_of_ours_is_read_as_it_is_meant():
    ours = {name: each["command"] for name, each in services().items() if each["image"].startswith("kestrel:")}
    assert set(ours) == {"ingest", "follower", "pages-1", "pages-2"}
    read = {name: parsed(command) for name, command in ours.items()}
    assert str(read["ingest"]["kb"]) == read["follower"]["address"] == "postgresql://database/kb"
    assert {str(read[name]["kb"]) for name in ("follower", "pages-1", "pages-2")} == {"/kb"}
    assert all(read[name]["address"] == "0.0.0.0" for name in ("pages-1", "pages-2"))


@pytest.mark.parametrize("name", ["pages-1", "pages-2"])
def test_the_pages_are_let_out_with_a_key_alone(name: str, monkeypatch: pytest.MonkeyPatch):
    """As the compose file and the image have them: with the variable they start, without it they refuse."""
    last = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()[-1]
    for command in (services()[name]["command"], json.loads(last.removeprefix("CMD "))):
        read = parsed(command)
        asked = Listening(**{each.name: read[each.name] for each in fields(Listening)})
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(UsageError, match="no key is set"):
            key_for(asked)
        monkeypatch.setenv(VARIABLE, "a-key-of-some-length")
        assert key_for(asked) == "a-key-of-some-length"
    assert services()[name]["environment"][VARIABLE].startswith(f"${{{VARIABLE}:?")


def test_images_have_a_version_and_folders_that_are_named_are_there():
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    for name, each in told["services"].items():
        assert re.search(r":[\w.]*\d", each["image"]), name
        for volume in each.get("volumes", []):
            source = volume.rpartition("}:")[0] or volume.partition(":")[0]
            assert source in told["volumes"] or source.startswith("${") or (DEPLOY / source).exists(), volume
    build = told["x-kestrel"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_the_balancer_reads_its_configuration_and_finds_the_replicas_of_compose():
    asked = services()["balancer"]["environment"]
    assert {asked["REPLICA_1"], asked["REPLICA_2"]} == {"pages-1:8501", "pages-2:8501"}
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("no HAProxy here (Debian: apt-get install haproxy)")
    command = [haproxy, "-c", "-f", str(DEPLOY / "haproxy.cfg")]
    done = subprocess.run(command, env={**os.environ, **REPLICAS}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def queries() -> list[str]:
    return re.findall(
        r"^```sql\n(.*?)^```", (DEPLOY / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def truth(postgres_location: str) -> Iterator[Store]:
    """A database of thirty documents."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    store = open_store(postgres_location, create=True)
    store.commit([put(f"/docs/{n}.txt", prose(n), title=f"Report {n}") for n in range(30)])
    yield store
    store.close()


@pytest.mark.slow
def test_what_is_to_be_watched_is_seen_in_a_real_server(truth: Store, postgres_location: str):
    """A transaction that hangs, a queue of which a worker left its part, commits. No standby stands here to lag."""
    import psycopg

    from ingest.store.postgres.connection import Server
    from ingest.store.postgres.jobs import Job, Jobs

    server = Server(postgres_location)
    jobs = Jobs(server)
    jobs.offer([Job(f"/{n}.txt", Path(f"/{n}.txt"), 1, 1) for n in range(5)], "sentence")
    jobs.claim("gone", "sentence", 1, 0.01)
    jobs.claim("at work", "sentence", 1, 60)
    oldest, queue, generation, standbys, sizes = queries()
    with psycopg.connect(postgres_location) as hanging, psycopg.connect(postgres_location, autocommit=True) as looking:
        hanging.execute("SELECT 'left open'")
        looking.execute("SELECT pg_sleep(0.2)")
        ages = {query: age.total_seconds() for _, _, age, query in looking.execute(oldest)}
        assert ages["SELECT 'left open'"] >= 0.2
        assert looking.execute(queue).fetchone() == (3, 1, 1, 1)
        assert looking.execute(generation).fetchone() == (truth.generation(),)
        assert looking.execute(standbys).fetchall() == []
        assert {"documents", "chunks", "jobs"} <= {row[0] for row in looking.execute(sizes)}
    server.close()


@pytest.mark.slow
def test_a_dump_is_restored_with_every_document_and_vector(
    truth: Store, postgres_location: str, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from tests.support.postgres import binaries

    dump, restored = tmp_path / "kb.dump", new_database(postgres_server)
    for program, *arguments in (
        ("pg_dump", "--format=custom", f"--file={dump}", postgres_location),
        ("pg_restore", "--exit-on-error", f"--dbname={restored}", str(dump)),
    ):
        subprocess.run([binaries() / program, *arguments], check=True, capture_output=True, timeout=60)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another machine"))
    back = open_store(restored, read_only=True)
    assert back.contents() == truth.contents()
    assert back.sources() == truth.sources()
    for source in truth.sources():
        one, other = truth.entry(source), back.entry(source)
        assert one is not None
        assert other is not None
        assert (one.vectors == other.vectors).all()
    assert list(back.verify(full=True)) == []
    assert back.search_vectors(vector("a question")[None], 10) != []
    back.close()
