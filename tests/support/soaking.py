"""Mixed use of one knowledge base by one process, as a service or an open browser page is used over hours.

Run as `python -m tests.support.soaking FOLDER SECONDS`; prints what was done and measured as JSON (see `Soaked`).
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from assistant import Assistant
from ingest.pipeline import IngestOptions, sync
from tests.support.entries import prose

FILES = 40
EVERY = 0.5  # seconds between two looks at memory
WARM = 1 / 3  # share of the time after which memory should be flat


@dataclass(frozen=True, slots=True)
class Soaked:
    """`growth` is megabytes a minute after warming up, the slope of least squares; open files then and now."""

    seconds: float
    asked: int
    changed: int
    growth: float
    megabytes: float
    descriptors_warm: int
    descriptors_end: int


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - Path.iterdir would open one more


def write_some(docs: Path, choose: random.Random) -> None:
    for number in choose.sample(range(FILES), 4):
        path = docs / f"{number}.md"
        if path.exists() and choose.random() < 0.2:
            path.unlink()
        else:
            path.write_text(f"# File {number}\n\n{prose(choose.randrange(10**6), sentences=12)}\n", encoding="utf-8")


def soak(folder: Path, seconds: float) -> Soaked:
    choose = random.Random(12)
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for _ in range(10):
        write_some(docs, choose)
    looks: list[tuple[float, float, int]] = []
    asked = changed = 0
    start = time.monotonic()
    assistant = Assistant.open(folder / "kb", embedder="hashing")
    assistant.add(docs, options=IngestOptions(workers=1))
    while (at := time.monotonic() - start) < seconds:
        for _ in range(20):
            answer = assistant.ask(f"What of the {choose.choice(['ledger', 'harbour', 'invoice'])}?", insist=True)
            assert answer.text
            asked += 1
        if asked % 200 == 0:
            write_some(docs, choose)
            for _ in sync(assistant.knowledge, docs, IngestOptions(workers=1)):
                pass
            changed += 1
        if asked % 1000 == 0:  # what a restart of a page does
            assistant.close()
            assistant = Assistant.open(folder / "kb")
        if not looks or at - looks[-1][0] > EVERY:
            gc.collect()
            looks.append((at, resident_megabytes(), descriptors()))
    assert list(assistant.knowledge.store.verify(full=True)) == []
    assistant.close()
    warm = [look for look in looks if look[0] > WARM * seconds]
    times, sizes, opened = (np.array(column) for column in zip(*warm, strict=True))
    growth = float(np.polyfit(times / 60, sizes, 1)[0])
    half = len(warm) // 2
    return Soaked(seconds, asked, changed, growth, float(sizes[-1]), int(opened[:half].max()), int(opened[half:].max()))


if __name__ == "__main__":
    print(json.dumps(asdict(soak(Path(sys.argv[1]), float(sys.argv[2])))))
