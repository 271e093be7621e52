"""What the processes of `tests/ingest/test_store_processes.py` do. Run as
`python -m tests.support.store_processes ROLE FOLDER SECONDS`; each prints how much it did."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ingest.changes import Remove
from ingest.store import open_store
from ingest.store.locks import FileLock
from tests.support.entries import prose, put, vector

PAIR = ("/pair/left.txt", "/pair/right.txt")  # always changed together, so that a reader sees one version of both


def write(folder: Path, seconds: float) -> int:
    store = open_store(folder)
    choose = random.Random(os.getpid())
    until, commits = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        version = choose.randrange(10**6)
        pair = [put(name, prose(version + side), title=str(version)) for side, name in enumerate(PAIR)]
        other = f"/others/{choose.randrange(30)}.txt"
        store.commit([*pair, Remove(other) if choose.random() < 0.3 else put(other, prose(version + 2))])
        commits += 1
    store.close()
    return commits


def maintain(folder: Path, seconds: float) -> int:
    store = open_store(folder)
    until, runs = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        store.maintain()
        runs += 1
        time.sleep(0.02)
    store.close()
    return runs


def read(folder: Path, seconds: float) -> int:
    store = open_store(folder, read_only=True)
    until, searches, generation = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        titles = [holding.title for holding in store.holdings() if holding.source.uri in PAIR]
        assert len(set(titles)) == 1, titles
        found = store.search_vectors(vector(str(searches))[None], 10)
        assert len(found) == 10
        assert not store.degraded, store.degraded
        store.hits(found)
        store.keywords.search("account badge", 10)
        now = store.generation()
        assert now >= generation
        generation = now
        searches += 1
    store.close()
    return searches


def hold(folder: Path, seconds: float) -> int:
    """Take the write lock and keep it."""
    with FileLock(folder / "write.lock").held():
        print("holding", flush=True)
        time.sleep(seconds)
    return 0


def fork(folder: Path, seconds: float) -> int:
    """A child uses the store that its parent opened, and both go on."""
    store = open_store(folder)
    before = store.commit([put("/parent.txt", prose(1))]).generation
    store.search_vectors(vector("x")[None], 5)
    child = os.fork()
    if not child:
        signal.alarm(int(seconds))
        store.commit([put("/child.txt", prose(2))])
        os._exit(0 if store.search_vectors(vector(prose(2)[:80])[None], 1)[0][1] > 0.99 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.commit([put("/parent.txt", prose(3))]).generation == before + 2
    assert {"/child.txt", "/parent.txt"} <= {source.uri for source in store.sources()}
    store.close()
    return 1


ROLES: dict[str, Callable[[Path, float], int]] = {work.__name__: work for work in (write, maintain, read, hold, fork)}

if __name__ == "__main__":
    print(ROLES[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3])))
