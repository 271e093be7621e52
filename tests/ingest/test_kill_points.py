"""A store is killed before what Python sees it do, and inside SQLite's own writes: without strace, on any POSIX."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ingest.test_crash_points import look

if TYPE_CHECKING:
    from tests.support.kill_points import Kind

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="forks and sends signals"),
    pytest.mark.timeout(900),
]

STEPS, SIZES = 70, 50  # points that CI has time for
LOG_BYTES = 190_000  # of the write-ahead log of a life; beyond lies the ballast alone
SEED = 6


def kill_and_look(work: Path, points: dict[Kind, list[int]]) -> Counter[tuple[str, int]]:
    """Kills at each point and looks; returns how often each kind ended with each exit status."""
    from tests.support.kill_points import killing

    statuses: Counter[tuple[str, int]] = Counter()
    with killing(work) as kill:
        for kind, numbers in points.items():
            for number in numbers:
                killed = kill(kind, number)
                statuses[kind, killed.status] += 1
                look(killed.folder, killed.log, f"{kind} {number}")
                shutil.rmtree(killed.folder.parent)
    return statuses


def measured(work: Path) -> tuple[int, int]:
    """The steps of a life, and the bytes of the largest file that it made on the way."""
    from tests.support.kill_points import LARGEST, killing

    with killing(work) as kill:
        lived = kill("step", 0)
        assert lived.status == 0
        assert kill("size", LARGEST).status == 0
        low, high = 1, LARGEST  # the smallest limit under which a life is let live
        while high - low > 4096:
            middle = low + min(high - low, 8 * low) // 2
            low, high = (low, middle) if kill("size", middle).status == 0 else (middle, high)
    return lived.steps, high


@pytest.mark.slow
def test_killed_at_a_sample_of_its_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps, size = measured(tmp_path)
    choose = random.Random(SEED)
    points: dict[Kind, list[int]] = {
        "step": choose.sample(range(1, steps + 1), min(STEPS, steps)),
        "size": [*choose.sample(range(1, LOG_BYTES), SIZES - 5), *choose.sample(range(LOG_BYTES, size - 4096), 5)],
    }
    statuses = kill_and_look(tmp_path, points)
    with capsys.disabled():
        print(f"\nwithout strace: {STEPS} of {steps} steps, {SIZES} of {size:,} sizes, ends {dict(statuses)}")
    assert set(statuses) == {("step", -signal.SIGKILL), ("size", -signal.SIGXFSZ)}


@pytest.mark.torture
def test_killed_at_each_of_its_steps_and_thousands_of_sizes(tmp_path: Path) -> None:
    steps, size = measured(tmp_path)
    sizes = random.Random(SEED).sample(range(1, LOG_BYTES), 3000)
    assert size > LOG_BYTES
    statuses = kill_and_look(tmp_path, {"step": list(range(1, steps + 1)), "size": sizes})
    print(f"without strace: all {steps} steps, {len(sizes)} sizes, ends {dict(statuses)}")
    assert set(statuses) == {("step", -signal.SIGKILL), ("size", -signal.SIGXFSZ)}
