"""How long after a commit a document can be read in a folder that follows: a real `ingest follow`, a real PostgreSQL.

    python -m tests.benchmarks.follower_lag [--every SECONDS …] [--commits N] [--chunks N]

A commit is one document of ten chunks, at a random moment. It is there when a second process, which has the folder open
for reading, finds it. At the end one more is committed beside a transaction that stays open: what freshness hangs on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import psycopg

from ingest.changes import Put
from ingest.protocols import Store
from ingest.store import open_store
from tests.benchmarks.moving import CHUNKS, made
from tests.support.postgres import new_database, postgres

LOOK_SECONDS = 0.01
OPEN_SECONDS = 3.0  # for which the transaction beside the last commit stays open
LONGEST_SECONDS = 120.0


@contextmanager
def following(location: str, folder: Path, every: float) -> Iterator[None]:
    """`ingest follow`, running, and once in step."""
    command = [sys.executable, "-m", "ingest", "follow", location, "--kb", str(folder), "--every", str(every)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if "is in step" not in process.stdout.readline():
                raise RuntimeError("the follower ended before it was in step; what it said stands above")
            yield
        finally:
            process.kill()


def lag(truth: Store, folder: Store, change: Put) -> float:
    """Seconds from the end of the commit until a reader of the folder has the document."""
    truth.commit([change])
    return seconds_until_there(folder, change)


def seconds_until_there(folder: Store, change: Put) -> float:
    started = time.perf_counter()
    while folder.document(change.entry.document.id) is None:
        if time.perf_counter() - started > LONGEST_SECONDS:
            raise RuntimeError(f"{change.entry.source.uri} did not come within {LONGEST_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - started


def measure(location: str, truth: Store, path: Path, every: float, changes: Sequence[Put]) -> None:
    random = np.random.default_rng(0)
    with following(location, path, every), closing(open_store(path, read_only=True)) as folder:
        seconds = []
        for change in changes[:-1]:
            time.sleep(random.uniform(0, every))
            seconds.append(lag(truth, folder, change))
        with psycopg.connect(location) as beside:
            beside.execute("SELECT pg_current_xact_id()")  # it counts as running from here on
            truth.commit([changes[-1]])
            started = time.perf_counter()
            time.sleep(OPEN_SECONDS)
            early = folder.document(changes[-1].entry.document.id) is not None
            beside.rollback()
            seconds_until_there(folder, changes[-1])
        held = time.perf_counter() - started
    median, most = statistics.median(seconds), max(seconds)
    print(f"every {every:g} s: median {median:.2f} s, at most {most:.2f} s of {len(seconds)} commits")
    print(f"  beside a transaction open for {OPEN_SECONDS:g} s: {held:.2f} s, seen before its end: {early}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, nargs="+", default=[0.5, 1, 5])
    parser.add_argument("--commits", type=int, default=20)
    parser.add_argument("--chunks", type=int, default=5000, help="that are there before")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    with postgres() as uri, tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        location = new_database(uri)
        with closing(open_store(location, create=True)) as truth:
            for start in range(0, options.chunks // CHUNKS, 50):
                truth.commit([made(f"/{start + n}", random) for n in range(50)])
            for number, every in enumerate(options.every):
                changes = [made(f"/new/{number}/{n}", random) for n in range(options.commits + 1)]
                measure(location, truth, Path(name, str(number)), every, changes)


if __name__ == "__main__":
    main()
