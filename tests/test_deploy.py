"""The recipes of docs/deploy: every command is one of Kestrel's, and every file is read by the program it is for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ingest.cli import ingest
from tests.support.postgres import new_database, postgres
from ui.__main__ import main as pages

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
    name, found, rest = ingest.resolve_command(click.Context(ingest), arguments)
    assert found is not None
    return found.make_context(name, rest).params


def test_every_command_of_ours_is_read_as_it_is_meant():
    ours = {name: each["command"] for name, each in services().items() if each["image"].startswith("kestrel:")}
    assert set(ours) == {"ingest", "follower", "pages-1", "pages-2"}
    read = {name: parsed(command) for name, command in ours.items()}
    assert str(read["ingest"]["kb"]) == read["follower"]["address"] == "postgresql://database/kb"
    assert {str(read[name]["kb"]) for name in ("follower", "pages-1", "pages-2")} == {"/kb"}
    assert all(read[name]["address"] == "0.0.0.0" for name in ("pages-1", "pages-2"))


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


@pytest.mark.slow
def test_what_is_to_be_watched_is_asked_of_a_real_server(tmp_path: Path):
    import psycopg

    from ingest.knowledge_base import KnowledgeBase

    assert len(queries()) >= 4
    with postgres() as server:
        location = new_database(server)
        KnowledgeBase.open(location, create=True).close()
        with psycopg.connect(location, autocommit=True) as connection:
            for query in queries():
                connection.execute(query.encode()).fetchall()
