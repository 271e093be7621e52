"""The sum over names and documents that commits carry on is that of the rows."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.changes import Record, Remove, Tag
from ingest.documents import Source
from ingest.store.digest import digest_of, is_other_than_kept
from ingest.store.sqlite import SqliteStore
from tests.support.entries import prose, put, spans_of


def agrees(store: SqliteStore) -> bool:
    with store._database.snapshot() as snapshot:
        meta = snapshot.meta()
        return (meta["digest"], meta["digested"]) == (digest_of(snapshot), meta["generation"])


def change(choose: random.Random, store: SqliteStore):
    """One of all kinds; texts come again, so that names share documents, and are cut otherwise."""
    uri, text = f"/{choose.randrange(8)}.txt", prose(choose.randrange(5))
    held = [source.document_id for source in store.sources() if source.document_id]
    kind = choose.randrange(6 if held else 3)
    if kind < 2:
        return put(uri, text)
    if kind == 2:
        return Remove(uri)
    if kind == 3:
        return put(uri, text, spans=spans_of(text, choose.choice((50, 120))))
    if kind == 4:
        return Tag(uri, 1_700_000_000_000_000_000, '"tag"')
    return Record(Source(uri, 1, 2, choose.choice((None, held[0])), seen=3.0))


@pytest.mark.parametrize("seed", range(5))
def test_after_any_changes(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    store = SqliteStore(tmp_path / "kb", create=True)
    assert agrees(store)
    for _ in range(30):
        store.commit([change(choose, store) for _ in range(choose.randint(1, 2))])
        assert agrees(store)
    store.rebuild()
    assert agrees(store)
    assert list(store.verify(full=True)) == []
    store.close()


def test_a_database_of_before_gets_it_with_its_next_commit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "kb", create=True)
    store.commit([put("/0.txt", prose(0))])
    store.close()
    with closing(sqlite3.connect(tmp_path / "kb" / "kb.db", isolation_level=None)) as raw:
        raw.execute("DELETE FROM meta WHERE name IN ('digest', 'digested')")
    store = SqliteStore(tmp_path / "kb")
    assert list(store.verify(full=True)) == []
    store.commit([put("/1.txt", prose(1))])
    assert agrees(store)
    store.close()


def test_a_commit_that_did_not_keep_it_is_no_damage(tmp_path: Path) -> None:
    """An older Kestrel counts the generation on, and knows nothing of the sum."""
    store = SqliteStore(tmp_path / "kb", create=True)
    store.commit([put("/0.txt", prose(0))])
    with store._database.transaction() as snapshot:
        from ingest.store.schema import write_meta

        snapshot.connection.execute("DELETE FROM sources")
        write_meta(snapshot.connection, generation=snapshot.generation() + 1)
    with store._database.snapshot() as snapshot:
        assert not is_other_than_kept(snapshot)
    store.commit([put("/1.txt", prose(1))])
    assert agrees(store)
    store.close()
