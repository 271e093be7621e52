"""Workers as actors of a Ray cluster, one a node: Ray places them and starts them again elsewhere when they die.

The only file that imports ray. Nothing that must not be lost passes through Ray: jobs and results are in the database.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ingest.errors import KestrelError, MissingExtra, UsageError, WorkersUnreachable
from ingest.queue.claiming import Task, work
from ingest.workers.child import command_for

if TYPE_CHECKING:
    from ingest.store.postgres.jobs import Jobs

PORT = 6379  # of the head, where ray start gives no other
PROBE_SECONDS = 5.0
CONNECT_SECONDS = 20.0  # a cluster that is well answers in 2
ENDING_SECONDS = 10
STANDSTILL_SECONDS = 30.0  # without any file done, after which it is looked who is left
COMMAND = command_for("ingest.queue.ray_actors")


class Actors:
    """An actor for each node that is alive at the start. `address` is `ray://HEAD[:PORT]`; see `Crew`.

    The command itself has to run on a node of the cluster, which may be one without processors to give: such a node
    gets no worker. Ray starts an actor of a dead node anew on another one that has a processor to give.
    """

    def __init__(self, task: Task, jobs: Jobs, address: str) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtra(
                "Workers on Ray need ray, which is not installed.", "Install it: pip install 'kestrel-assistant[ray]'"
            ) from error
        self._ray: Any = ray
        self._jobs = jobs
        self._moved = time.monotonic()
        self._calls: dict[Any, Any] = {}  # what an actor will have said when it ends, by the actor
        _connect(ray, _head_of(address))
        try:
            self._start(task)
        except BaseException:
            ray.shutdown()
            raise

    def _start(self, task: Task) -> None:
        nodes = self._nodes()
        kind = self._ray.remote(
            num_cpus=1, max_concurrency=2, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD"
        )(_Worker)
        for _ in nodes:
            actor = kind.remote()
            self._calls[actor] = actor.work.remote(task)

    def _nodes(self) -> list[Any]:
        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        if not nodes:
            raise WorkersUnreachable(
                "No node of the Ray cluster has a processor to give.",
                "Start one (see: ray status), and run the same command again; what was stored is kept.",
            )
        return nodes

    def look_after(self, done: int) -> None:
        """Ray replaces what died. Raises what a worker reported, and `WorkersUnreachable` when no node is left."""
        now = time.monotonic()
        if done or now - self._moved > STANDSTILL_SECONDS:
            self._moved = now
            if not done:  # only then: asking waits for the head, which the workers can do without for a while
                self._nodes()
        ended, _ = self._ray.wait(list(self._calls.values()), num_returns=1, timeout=0)
        for call in ended:
            try:
                self._ray.get(call)
            except self._ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, KestrelError):
                    raise error.cause from error
                raise KestrelError(f"A worker on Ray failed: {error.cause!r}.", "See the log of its node.") from error
            except self._ray.exceptions.RayError as error:
                raise WorkersUnreachable(
                    f"The workers on Ray are lost: {error}.", "Run the same command again."
                ) from error

    def close(self) -> None:
        """Let each finish the files that it holds for a moment, then end it."""
        for actor in self._calls:
            actor.stop.remote()
        self._ray.wait(list(self._calls.values()), num_returns=len(self._calls), timeout=ENDING_SECONDS)
        for actor in self._calls:
            self._ray.kill(actor)  # what a late one holds comes free with its lease
        self._ray.shutdown()


class _Worker:
    """What runs on a node. Started again, it has the same name, and gives back what it held before it died."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def work(self, task: Task) -> None:
        import ray

        work(task, f"ray:{ray.get_runtime_context().get_actor_id()}", self._stopped.is_set)

    def stop(self) -> None:
        self._stopped.set()


def _head_of(address: str) -> tuple[str, int]:
    """Host and port of `ray://HEAD[:PORT]`."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host = None
    if not host:
        raise UsageError(f"{address} is no address of a Ray cluster.", "Write ray://HEAD or ray://HEAD:PORT.")
    return host, port


def _connect(ray: Any, head: tuple[str, int]) -> None:
    """Be a part of the cluster, or say within `CONNECT_SECONDS` what is in the way.

    Ray itself tries for minutes and cannot be interrupted, so a process that can be ended tries first.
    """
    address = "{}:{}".format(*head)
    try:
        socket.create_connection(head, PROBE_SECONDS).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from error
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    try:
        first = subprocess.run(  # noqa: S603 - our own interpreter
            [*COMMAND, address], env={**os.environ, "PYTHONPATH": path}, capture_output=True, timeout=CONNECT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(
            address, f"what listens there did not answer as a head in {CONNECT_SECONDS:.0f} s"
        ) from error
    if first.returncode:
        raise _unreachable(address, " ".join(first.stderr.decode(errors="replace").split()[-60:]))
    ray._private.worker._worker_logs_enabled = False  # it prints the deaths of nodes where our results go
    _join(ray, address)


def _join(ray: Any, address: str) -> None:
    ray.init(address=address, log_to_driver=False, configure_logging=False, namespace="kestrel")


def _unreachable(address: str, reason: str) -> WorkersUnreachable:
    return WorkersUnreachable(
        f"There is no Ray cluster at {address} that this machine is a node of: {reason}.",
        f"Give the port of ray start --head ({PORT} unless told otherwise, not the 10001 of Ray Client), and make this "
        f"machine a node: ray start --address={address}",
    )


def main() -> None:
    """Connect once to the cluster at the address in the first argument. What is in the way goes to standard error."""
    import ray

    try:
        _join(ray, sys.argv[1])
    except Exception as error:  # noqa: BLE001 - told by the process that waits for this one
        sys.exit(f"{type(error).__name__}: {error}")
