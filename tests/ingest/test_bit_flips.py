"""One bit that is not as it was written, in any file that a knowledge base has: every one is found."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from assistant.answers import Answer, Passage
from assistant.history import History
from ingest.changes import Record, Tag
from ingest.documents import Source
from ingest.errors import KestrelError, KnowledgeBaseDamaged
from ingest.store import open_store
from ingest.transfer import export, import_file
from tests.ingest.test_verify import TABLES, findings
from tests.support.entries import prose, put, vector

SEED = 17
FLIPS = {"rows": 400, "segments": 150, "export": 150, "answers": 60}
KINDS = ("fp16", "sq8", "ivf")


@contextmanager
def flipped(path: Path, position: int) -> Iterator[None]:
    """The file with this bit the other way round, and as it was afterwards."""
    with path.open("r+b") as file:
        for time in ("there", "back"):
            file.seek(position // 8)
            byte = file.read(1)[0]
            file.seek(position // 8)
            file.write(bytes([byte ^ 1 << position % 8]))
            file.flush()
            if time == "there":
                yield


def filled(folder: Path) -> Path:
    store = open_store(folder, create=True)
    store.commit([put(f"/{n}.txt", prose(n), title=f"Title {n}", metadata={"year": n}) for n in range(30)])
    store.commit([Record(Source("/bad.pdf", 1, 2, None, "encrypted", "a password", 3.0))])
    store.commit([Tag("/bad.pdf", 2, '"v1"')])
    store.maintain()
    store.commit([put("/late.txt", prose(50), pages=(0, 90), labels=("i", "ii"))])
    store.close()
    return folder


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    return filled(tmp_path / "kb")


def flip_a_value(raw: sqlite3.Connection, choose: random.Random) -> tuple[str, tuple[object, ...]]:
    """One bit of one value of one row; returns the statement that puts it back, and its values."""
    while True:
        table = choose.choice(sorted(TABLES))
        column = choose.choice([name for name in TABLES[table] if name != "checksum"])
        [key] = [row[1] for row in raw.execute(f"PRAGMA table_info({table})") if row[5]]
        rows = raw.execute(f"SELECT {key}, typeof({column}), {column} FROM {table}").fetchall()
        row, kind, value = choose.choice(rows)
        if kind == "null" or value in ("", b""):
            continue
        changed = _flip(kind, value, choose)
        try:
            raw.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (changed, row))
        except sqlite3.IntegrityError:  # a second row of this key: not what one bit could do
            continue
        return f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, changed if key == column else row)


def _flip(kind: str, value: object, choose: random.Random) -> object:
    if kind == "integer":
        return int(str(value)) ^ 1 << choose.randrange(40)
    if kind == "real":
        return float(str(value)) + 2.0 ** choose.randrange(-8, 8)
    data = bytearray(value if isinstance(value, bytes) else str(value).encode())
    data[choose.randrange(len(data))] ^= 1 << choose.randrange(7)  # the eighth would be no text
    return bytes(data) if isinstance(value, bytes) else data.decode()


@pytest.mark.slow
def test_in_any_row(kb: Path) -> None:
    """Every value of every column that is read, of any row: all found."""
    choose = random.Random(SEED)
    missed = []
    for _ in range(FLIPS["rows"]):
        with closing(sqlite3.connect(kb / "kb.db", isolation_level=None)) as raw:
            back, values = flip_a_value(raw, choose)
        if not findings(kb):
            missed.append((back, values))
        with closing(sqlite3.connect(kb / "kb.db", isolation_level=None)) as raw:
            raw.execute(back, values)
    assert missed == []
    assert findings(kb) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_segment_of_any_kind(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte counts, the footer's too; and what is asked meanwhile gets the right answers."""
    monkeypatch.setattr("ingest.store.maintenance.kind_for", lambda _: kind)
    kb = filled(tmp_path / "kb")
    [segment] = (kb / "segments").iterdir()
    choose, size = random.Random(SEED), 8 * segment.stat().st_size
    places = [*choose.sample(range(size), FLIPS["segments"]), *range(0, 256, 8), *range(size - 192, size, 8)]
    for position in places:
        with flipped(segment, position):
            assert [line for line in findings(kb) if line.startswith("segments")], position
    assert findings(kb) == []
    query = vector(prose(3)[:80])[None]
    with flipped(segment, choose.randrange(size)):
        store = open_store(kb, read_only=True)
        [(_, score)] = store.search_vectors(query, 1)
        assert score > 0.99
        assert store.degraded
        store.close()


def test_in_an_export(kb: Path, tmp_path: Path) -> None:
    """What travels is refused before anything of it is used, or says the very same as before."""
    store = open_store(kb, read_only=True)
    list(export(store, tmp_path / "a.kestrel"))
    store.close()
    choose, size = random.Random(SEED), 8 * (tmp_path / "a.kestrel").stat().st_size
    refused = 0
    for number, position in enumerate(choose.sample(range(size), FLIPS["export"])):
        other = open_store(tmp_path / f"other-{number}", create=True)
        with flipped(tmp_path / "a.kestrel", position):
            try:
                list(import_file(other, tmp_path / "a.kestrel"))
            except KestrelError:
                refused += 1
                assert other.statistics().documents == 0
            else:  # in what a zip says of its members beside their bytes: a date, a mode
                assert list(other.verify(full=True)) == []
                assert {each.document_id for each in other.sources()} == identities(kb)
        other.close()
        shutil.rmtree(tmp_path / f"other-{number}")
    assert refused > 0.8 * FLIPS["export"]


def identities(kb: Path) -> set[str | None]:
    store = open_store(kb, read_only=True)
    found = {each.document_id for each in store.sources()}
    store.close()
    return found


def test_in_a_kept_answer(tmp_path: Path) -> None:
    """An answer comes back as it was, or is told to be damaged."""
    history = History(tmp_path)
    passage = Passage(1, "d" * 64, "/lease.md", 1, 0, 10, prose(5), 0.9)
    run = history.keep(Answer("How much?", prose(4), (), False, 0.5, (passage,), "extractive"), {})
    assert run is not None
    path, choose = tmp_path / "answers.db", random.Random(SEED)
    with closing(sqlite3.connect(path)) as raw:
        [blob] = raw.execute("SELECT answer FROM runs").fetchone()
    start = path.read_bytes().index(blob)
    for position in choose.sample(range(8 * start, 8 * (start + len(blob))), FLIPS["answers"]):
        with flipped(path, position), pytest.raises(KnowledgeBaseDamaged, match=f"run {run.id}"):
            history.get(run.id)
    assert history.get(run.id).answer == run.answer


def test_every_kind_of_file_is_here(kb: Path) -> None:
    """Whoever adds a kind of file says here how its bits are looked after."""
    store = open_store(kb)
    store.commit([put("/new.txt", prose(60))])
    kinds = {path.suffix or path.name for path in kb.rglob("*") if path.is_file()}
    store.close()
    checked = {".db", ".seg"}
    without_content = {".lock", "ballast", ".db-shm"}  # bytes that nobody reads
    checked_by_sqlite = {".db-wal"}  # a frame that was altered ends the log there, which `committed` tells
    assert kinds <= checked | without_content | checked_by_sqlite | {"committed"}  # that with a checksum of its own
    assert (kb / "write.lock").stat().st_size <= 16
