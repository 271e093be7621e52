"""Workers as actors of a Ray cluster, one a node: Ray places them and starts them again elsewhere when they die.

The only file that imports ray. Nothing that must not be lost passes through Ray: jobs and results are in the database.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from ingest.errors import KestrelError, MissingExtra
from ingest.queue.claiming import Task, work

if TYPE_CHECKING:
    from ingest.store.postgres.jobs import Jobs

PORT = 6379  # of the head, where ray start gives no other
ENDING_SECONDS = 10


class Actors:
    """An actor for each node that is alive at the start. `address` is `ray://HEAD[:PORT]`; see `Crew`.

    The command itself has to run on a node of the cluster, which may be one without processors to give: such a node
    gets no worker. Ray starts an actor of a dead node anew on another one; its files come free with their lease.
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
        self._calls: dict[Any, Any] = {}  # what an actor will have said when it ends, by the actor
        _connect(ray, address)
        try:
            self._start(task)
        except BaseException:
            ray.shutdown()
            raise

    def _start(self, task: Task) -> None:
        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        if not nodes:
            raise KestrelError("No node of the Ray cluster has a processor to give.", "See: ray status")
        kind = self._ray.remote(
            num_cpus=1, max_concurrency=2, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD"
        )(_Worker)
        for _ in nodes:
            actor = kind.remote()
            self._calls[actor] = actor.work.remote(task)

    def look_after(self, done: int) -> None:
        """Ray replaces what died. Raises what a worker reported."""
        ended, _ = self._ray.wait(list(self._calls.values()), num_returns=1, timeout=0)
        for call in ended:
            try:
                self._ray.get(call)
            except self._ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, KestrelError):
                    raise error.cause from error
                raise KestrelError(f"A worker on Ray failed: {error.cause!r}.", "See the log of its node.") from error
            except self._ray.exceptions.RayError as error:
                raise KestrelError(f"The workers on Ray are lost: {error}.", "Run the same command again.") from error

    def close(self) -> None:
        """Let each finish the files that it holds for a moment, then end it."""
        for actor in self._calls:
            actor.stop.remote()
        self._ray.wait(list(self._calls.values()), num_returns=len(self._calls), timeout=ENDING_SECONDS)
        for actor in self._calls:
            self._ray.kill(actor)  # what a late one holds comes free with its lease
        self._ray.shutdown()


class _Worker:
    """What runs on a node. A restart takes a new name: the old one's claims are not its own."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def work(self, task: Task) -> None:
        work(task, f"ray:{uuid.uuid4().hex[:12]}", self._stopped.is_set)

    def stop(self) -> None:
        self._stopped.set()


def _connect(ray: Any, address: str) -> None:
    host, _, port = address.removeprefix("ray://").partition(":")
    try:
        ray.init(address=f"{host}:{port or PORT}", log_to_driver=False, configure_logging=False, namespace="kestrel")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise KestrelError(
            f"There is no Ray cluster at {address} that this machine is a node of: {error}.",
            f"Start one: ray start --head --port={PORT}, and on other machines ray start --address=HEAD:{PORT}",
        ) from error
