"""The power goes out at any moment: every acknowledged document is there afterwards, whole."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.errors import KestrelError
from ingest.store import open_store
from tests.ingest.test_crash import states, stored
from tests.support.entries import prose, put

if TYPE_CHECKING:
    from tests.support.power_loss import Event

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("strace"), reason="needs strace (Debian: strace)"),
    pytest.mark.timeout(900),
]

STATES = 300
OFTEN = 5_000
CONTROLS = 40


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    from tests.support.power_loss import trace_life

    work = tmp_path_factory.mktemp("life")
    events = trace_life(work)
    assert sum(event.call == "told" for event in events) == 12
    assert sum(event.call == "sync" for event in events) > 20
    return work / "kb", events


def lose_power(
    life: tuple[Path, Sequence[Event]], seed: int, work: Path, deaf: Callable[[int, Event], bool] = lambda *_: False
) -> tuple[Path, Path, int]:
    """A state that the disk may be in: the folder, a log of what was acknowledged, and how much was dropped.

    Events by number to which the disk is `deaf` are syncs that it does not hear.
    """
    from tests.support.power_loss import Disk

    root, events = life
    chance = random.Random(seed)
    disk = Disk(root)
    cut = chance.randint(1, len(events))
    for number, event in enumerate(events[:cut]):
        disk.take(event, syncs=not deaf(number, event))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    pages, names = disk.after_power_loss(work / "kb", chance)
    log = work / "log"
    log.write_text("".join(json.dumps(told) + "\n" for told in disk.told), encoding="utf-8")
    return work / "kb", log, pages + names


def problem(folder: Path, log: Path) -> str:
    """What is wrong with a state; "" when everything acknowledged is there and work goes on."""
    acknowledged, under_way = states(log)
    if not (folder / "kb.db").exists():
        return "everything is gone" if acknowledged else ""
    try:
        store = open_store(folder)
        findings = list(store.verify(full=True))
        if findings:
            return str(findings[0])
        now = stored(store)
        if now in (acknowledged, under_way):
            store.commit([put("/after.txt", prose(77))])
            store.maintain()
            findings = list(store.verify(full=True))
        store.close()
    except KestrelError as error:
        return str(error)
    if findings:
        return str(findings[0])
    return "" if now in (acknowledged, under_way) else f"{sorted(now)} instead of {sorted(acknowledged)}"


def lose_and_look(life, count: int, work: Path) -> int:
    dropped = 0
    for seed in range(count):
        folder, log, lost = lose_power(life, seed, work)
        dropped += lost
        assert problem(folder, log) == "", f"state {seed}"
    return dropped


def test_nothing_that_was_acknowledged_is_lost(life, tmp_path: Path, capsys):
    dropped = lose_and_look(life, STATES, tmp_path / "state")
    assert dropped > STATES
    with capsys.disabled():
        print(f"\npower loss: {STATES} states, {dropped} unsynced writes and names dropped")


@pytest.mark.torture
def test_nothing_that_was_acknowledged_is_lost_often(life, tmp_path: Path):
    lose_and_look(life, OFTEN, tmp_path / "state")


PARTS = {
    "everything, after the first commit": lambda event: True,
    "segments": lambda event: event.paths[0].endswith(".seg"),
    "the log": lambda event: event.paths[0].endswith("-wal"),
    "folders": lambda event: "." not in Path(event.paths[0]).name,
}


@pytest.mark.parametrize("part", PARTS)
def test_the_control_without_syncing_is_seen_to_lose(life, tmp_path: Path, capsys, part: str):
    """A test that cannot fail shows nothing: with a disk that is deaf to these syncs it must fail."""
    _, events = life
    first = next(number for number, event in enumerate(events) if event.call == "told" and b"done" in event.data)
    since = first if part.startswith("everything") else 0

    def deaf(number: int, event: Event) -> bool:
        return event.call == "sync" and number >= since and PARTS[part](event)

    lost = 0
    for seed in range(CONTROLS):
        folder, log, _ = lose_power(life, seed, tmp_path / "state", deaf)
        lost += bool(problem(folder, log))
    with capsys.disabled():
        print(f"\npower loss without syncing {part}: {lost} of {CONTROLS} states are bad, as they should be")
    assert lost > CONTROLS / 10
