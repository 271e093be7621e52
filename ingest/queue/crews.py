"""Which workers `--workers` means."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingest.queue.process import Processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.queue.claiming import Task
    from ingest.queue.running import Crew
    from ingest.store.postgres.jobs import Jobs


def crew_of(workers: int | str) -> Callable[[Task, Jobs], Crew]:
    """So many processes of this machine, or actors of the Ray cluster at `ray://HEAD`."""
    if isinstance(workers, int):
        return partial(Processes, count=workers)
    from ingest.queue.ray_actors import Actors

    return partial(Actors, address=workers)
