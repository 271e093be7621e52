"""A store is struck before every write-type system call of a life: killed, or told that the disk is full or broken.

What was acknowledged is there, whole; nothing else is; `verify --full` is clean; the next run goes on.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from ingest.store import open_store
from tests.ingest.test_crash import states, stored
from tests.support.entries import prose, put

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("strace"), reason="needs strace (Debian: strace)"),
    pytest.mark.timeout(900),
]

SAMPLE = {"signal=KILL": 90, "error=ENOSPC": 40, "error=EIO": 40}  # points that CI has time for
SEED = 4


@pytest.fixture(scope="module")
def calls() -> Counter[str]:
    from tests.support.crash_points import calls_of_a_life

    found = calls_of_a_life()
    assert found["pwrite64"] > 50
    assert found["fdatasync"] + found["fsync"] > 10
    assert found["rename"] >= 1
    return found


def strike_and_look(calls: Counter[str], blow: str, points: list[tuple[str, int]], work: Path) -> Counter[int]:
    """Strikes at each point and looks; returns how often each exit status was seen."""
    from tests.support.crash_points import striking

    statuses: Counter[int] = Counter()
    for name in sorted({name for name, _ in points}):
        with striking(name, calls[name], blow, work) as strike:
            for at in (at for of, at in points if of == name):
                struck = strike(at)
                statuses[struck.status] += 1
                assert struck.status in {0, 3, -9}, struck
                look(struck.folder, struck.log, f"{name} {at}")
                shutil.rmtree(struck.folder.parent)
    return statuses


def look(folder: Path, log: Path, where: str) -> None:
    from tests.support.crash_points import lines

    text = log.with_suffix(".text")
    text.write_text(lines(log), encoding="utf-8")
    acknowledged, under_way = states(text)
    if not (folder / "kb.db").exists():
        assert acknowledged == {}, where
        return
    store = open_store(folder)
    assert list(store.verify(full=True)) == [], where
    now = stored(store)
    assert now in (acknowledged, under_way), where
    store.commit([put("/after.txt", prose(77))])
    store.maintain()
    assert list(store.verify(full=True)) == [], where
    assert stored(store) == {**now, "/after.txt": prose(77)}, where
    store.close()


def every_point(calls: Counter[str]) -> list[tuple[str, int]]:
    return [(name, at) for name in sorted(calls) for at in range(1, calls[name] + 1)]


@pytest.mark.parametrize("blow", SAMPLE)
def test_struck_before_a_sample_of_its_calls(calls, blow: str, tmp_path: Path, record_property, capsys):
    points = every_point(calls)
    chosen = random.Random(SEED).sample(points, min(SAMPLE[blow], len(points)))
    rare = [(name, at) for name in calls if calls[name] <= 6 for at in range(1, calls[name] + 1)]
    statuses = strike_and_look(calls, blow, sorted({*chosen, *rare}), tmp_path)
    told = f"{blow}: {sum(statuses.values())} of {len(points)} points, exit statuses {dict(statuses)}"
    record_property("points", told)
    with capsys.disabled():
        print(f"\n{told}")
    if blow == "signal=KILL":
        assert statuses[-9] == sum(statuses.values())
    else:
        assert statuses[3] > sum(statuses.values()) / 2


@pytest.mark.torture
@pytest.mark.parametrize("blow", SAMPLE)
def test_struck_before_each_of_its_calls(calls, blow: str, tmp_path: Path, capsys):
    statuses = strike_and_look(calls, blow, every_point(calls), tmp_path)
    with capsys.disabled():
        print(f"\n{blow}: all {sum(statuses.values())} points, exit statuses {dict(statuses)}")
