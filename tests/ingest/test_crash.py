"""What was acknowledged survives `kill -9` at any moment, whole; nothing else appears."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.store import open_store
from tests.support.committing import ALONE, MAINTAIN, content
from tests.support.entries import entry, vector

ROUNDS = 450  # that CI has time for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks and sends SIGKILL")


class Committer:
    """A process that commits in a child, and the child's log."""

    def __init__(self, folder: Path, log: Path, role: str = ALONE) -> None:
        self.log = log
        self.role = role
        log.touch()
        command = [sys.executable, "-m", "tests.support.committing", str(folder), str(log), role]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run_for(self, seconds: float, seed: int) -> None:
        child = self.begin(seed)
        time.sleep(seconds)
        self.kill(child)

    def begin(self, seed: int) -> int:
        self.process.stdin.write(f"{seed}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def kill(self, child: int) -> None:
        os.kill(child, signal.SIGKILL)
        assert self.process.stdout.readline() == "ended\n"

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture
def committer(tmp_path):
    made = Committer(tmp_path / "kb", tmp_path / "log")
    yield made
    made.close()


def states(log: Path) -> list[dict[str, str]]:
    """The text under each name as acknowledged, and as it is if the commit that was under way came through."""
    acknowledged: dict[str, str] = {}
    under_way: dict[str, str] = {}
    for line in log.read_text().splitlines():
        event, changes = json.loads(line)
        if event == "begin":
            texts = {name: content(version) for name, version in changes if version is not None}
            kept = {name: text for name, text in acknowledged.items() if name not in dict(changes)}
            under_way = kept | texts
        elif event == "done":
            acknowledged = under_way
        else:
            under_way = acknowledged
    return [acknowledged, under_way]


def stored(store) -> dict[str, str]:
    """The text under each name. Every document is compared with what was put, down to its vectors."""
    found = {}
    for source in store.sources():
        document = store.document(source.document_id)
        expected = entry(source.uri, document.text)
        assert document.id == expected.document.id
        chunks = store.chunks(document.id)
        assert [(chunk.start, chunk.end) for chunk in chunks] == [(span.start, span.end) for span in expected.spans]
        vectors = store.known_vectors(expected.hashes)
        assert all(
            (vectors[name] == vector(chunk.text)).all() for name, chunk in zip(expected.hashes, chunks, strict=True)
        )
        found[source.uri] = document.text
    return found


def look(folder: Path, log: Path) -> None:
    """Everything is sound and as acknowledged; notes in the log whether the last commit came through."""
    store = open_store(folder)
    assert list(store.verify(full=True)) == []
    now = stored(store)
    acknowledged, under_way = states(log)
    assert now in (acknowledged, under_way)
    for text in list(now.values())[:3]:
        [found] = store.hits(store.search_vectors(vector(text[:80])[None], 1))
        assert found.chunk.text == text[:80]
    store.close()
    with log.open("a") as file:
        file.write(json.dumps(["done" if now == under_way else "undone", []]) + "\n")


def kill_and_look(committer: Committer, folder: Path, rounds: int, seed: int) -> None:
    choose = random.Random(seed)
    open_store(folder, create=True).close()  # that takes longer than a round on a busy machine
    for number in range(rounds):
        committer.run_for(choose.uniform(0.0, 0.25), seed * 1000 + number)
        look(folder, committer.log)
    assert sum(json.loads(line)[0] == "done" for line in committer.log.read_text().splitlines()) > rounds / 5


def test_what_was_acknowledged_survives(committer, tmp_path):
    kill_and_look(committer, tmp_path / "kb", rounds=25, seed=1)


@pytest.fixture
def crew(tmp_path):
    """Two writers and one that maintains."""
    made = [Committer(tmp_path / "kb", tmp_path / f"log-{role}", role) for role in ("left", "right", MAINTAIN)]
    yield made
    for member in made:
        member.close()


def kill_all_and_look(crew: list[Committer], folder: Path, rounds: int, seed: int) -> int:
    """Kills the three at once, round after round; returns how many commits were acknowledged."""
    choose = random.Random(seed)
    writers = crew[:2]
    open_store(folder, create=True).close()  # three at once make a new one too slowly to be killed later than that
    for number in range(rounds):
        children = [member.begin(seed * 10_000 + number) for member in crew]
        time.sleep(choose.uniform(0.03, 0.2))
        for member, child in zip(crew, children, strict=True):
            member.kill(child)
        look_at_shares(folder, writers)
    return sum(json.loads(line)[0] == "done" for member in writers for line in member.log.read_text().splitlines())


def look_at_shares(folder: Path, writers: list[Committer]) -> None:
    store = open_store(folder)
    assert list(store.verify(full=True)) == []
    now = stored(store)
    store.close()
    for member in writers:
        acknowledged, under_way = states(member.log)
        own = {name: text for name, text in now.items() if name.startswith(f"/{member.role}/")}
        assert own in (acknowledged, under_way)
        with member.log.open("a") as file:
            file.write(json.dumps(["done" if own == under_way else "undone", []]) + "\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_writers_and_maintenance_survive_450_rounds_of_kills(crew, tmp_path, capsys):
    started = time.monotonic()
    acknowledged = kill_all_and_look(crew, tmp_path / "kb", rounds=ROUNDS, seed=2)
    took = time.monotonic() - started
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds of three kills in {took:.0f} s, {acknowledged} commits acknowledged, none lost")
    assert acknowledged > ROUNDS / 2


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_two_writers_and_maintenance_survive_10_000_rounds_of_kills(crew, tmp_path):
    assert kill_all_and_look(crew, tmp_path / "kb", rounds=10_000, seed=3) > 5_000
