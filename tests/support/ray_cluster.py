"""A real Ray cluster on this machine: a head without workers, and nodes that can be killed as a whole."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.queued import ROOT, wait_for
from tests.support.sessions import Sessions, free_port, sessions

OBJECT_STORE = 80 << 20  # bytes; Ray takes no less than 75 MiB
WORKER = "ray::_Worker"
RAY = (sys.executable, "-m", "ray.scripts.scripts")


class RayCluster:
    """`address` for `--workers`. `environment` is what the workers see."""

    def __init__(self, running: Sessions, folder: Path, environment: dict[str, str]) -> None:
        self._running = running
        self._environment = {
            **environment,
            "RAY_TMPDIR": str(folder),
            "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONPATH": str(ROOT),
        }
        self._port = free_port()
        self.address = f"ray://127.0.0.1:{self._port}"
        self._start("head", "--head", f"--port={self._port}", "--include-dashboard=false", "--num-cpus=0")

    def add_node(self, name: str, processors: int) -> None:
        self._start(name, f"--address=127.0.0.1:{self._port}", f"--num-cpus={processors}")

    def hosts(self) -> list[str]:
        """The nodes that host workers now, a node for each of its workers."""
        return [name for name in self._running.names() for _ in range(self._workers(name))]

    def kill(self, name: str) -> int:
        return self._running.kill(name)

    def kill_nodes(self) -> None:
        for name in set(self._running.names()) - {"head"}:
            self._running.kill(name)

    def _start(self, name: str, *arguments: str) -> None:
        command = (*RAY, "start", "--block", *arguments, f"--object-store-memory={OBJECT_STORE}")
        self._running.start(name, command, self._environment)
        wait_for(lambda: "Ray runtime started" in self._running.said(name), 60)

    def _workers(self, name: str) -> int:
        return sum(WORKER in " ".join(process.cmdline()) for process in self._running.processes(name))


@contextmanager
def ray_cluster(**environment: str) -> Iterator[RayCluster]:
    """Skips where Ray is not there. No process of it outlives the block."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("no Ray: the extra ray is not installed")
    # Ray's sockets lie below the folder, and their paths may have 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="ray", dir="/tmp", ignore_cleanup_errors=True) as name,
        sessions(Path(name)) as running,
    ):
        yield RayCluster(running, Path(name), environment)
