"""Commits to a store until it is killed. Run as `python -m tests.support.committing FOLDER LOG [ROLE]`.

ROLE "alone" commits and maintains, "maintain" only maintains; any other one commits to names of its own.

For each seed on stdin it forks a child that works, and prints the child's process id; a line "ended" follows when
the child is gone. What the child is about to do, and what was acknowledged, stands in LOG, one JSON array a line.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

import faiss  # noqa: F401, TID253 - before the fork, so that children start at once
import numpy  # noqa: F401, ICN001

from ingest.changes import Remove
from ingest.store import open_store
from tests.support.entries import prose, put

ALONE, MAINTAIN = "alone", "maintain"
NAMES = 12


def content(version: int) -> str:
    """The text of a version of a file. Texts come again, so that names share documents and documents come back."""
    return prose(version % 40, sentences=2 + version % 7)


def step(choose: random.Random, version: int, role: str = ALONE) -> list[tuple[str, int | None]]:
    """Names with the version that each is to get, None to remove it."""
    names = choose.sample([f"/{role}/{number}.txt" for number in range(NAMES)], choose.randint(1, 4))
    return [(name, None if choose.random() < 0.2 else version + offset) for offset, name in enumerate(names)]


def keep_up(folder: Path, seed: int) -> None:
    store = open_store(folder, create=True)
    for number in range(seed, 10**9):
        store.rebuild() if number % 9 == 8 else store.maintain()
        time.sleep(0.01)  # else it holds the locks nearly always, and no writer comes through


def work(folder: Path, log: Path, seed: int, role: str) -> None:
    choose = random.Random(seed)
    store = open_store(folder, create=True)
    with log.open("a", buffering=1) as file:
        for number in range(10**6):
            if role == ALONE and number % 5 == 4:
                store.maintain()
            elif role == ALONE and number % 23 == 22:
                store.rebuild()
            changes = step(choose, seed * 10**6 + number * 10, role)
            file.write(json.dumps(["begin", changes]) + "\n")
            store.commit([Remove(name) if v is None else put(name, content(v)) for name, v in changes])
            file.write(json.dumps(["done", changes]) + "\n")


def main() -> None:
    folder, log = map(Path, sys.argv[1:3])
    role = sys.argv[3] if sys.argv[3:] else ALONE
    for seed in sys.stdin:
        child = os.fork()
        if not child:
            keep_up(folder, int(seed)) if role == MAINTAIN else work(folder, log, int(seed), role)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
