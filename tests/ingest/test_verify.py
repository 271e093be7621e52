"""`verify` finds what is not as it was written: any row, any bit that is read."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from ingest.changes import Record, Tag
from ingest.documents import Heading, Source
from ingest.errors import KnowledgeBaseDamaged, KnowledgeBaseError
from ingest.store import open_store
from ingest.store.database import Database
from ingest.store.maintenance import renew
from ingest.store.segment_check import content_problems, lasting_problems, size_problems
from tests.support.entries import prose, put, vector
from tests.support.noting import as_its_own

TABLES = {
    "meta": ["value", "checksum"],
    "models": ["name", "fingerprint", "dimension", "checksum"],
    "documents": [
        *("id", "content", "length", "chunks", "title", "names", "metadata", "pages", "details", "checksum"),
    ],
    "texts": ["ordinal", "text", "checksum"],
    "chunks": ["ordinal", "start", "stop", "page", "heading", "text_hash", "embedding_hash", "checksum"],
    "vectors": ["vector", "checksum"],
    "sources": ["uri", "size", "mtime_ns", "outcome", "reason", "seen", "checksum"],
    "tags": ["uri", "mtime_ns", "value", "checksum"],
    "segments": ["file", "kind", "bytes", "crc", "vectors", "low", "high", "dead", "checksum"],
}
COLUMNS = [(table, column) for table, columns in TABLES.items() for column in columns]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small knowledge base with everything in it. Copy it before you harm it."""
    folder = tmp_path_factory.mktemp("sound") / "kb"
    store = open_store(folder, create=True)
    store.commit([put(f"/{n}.txt", prose(n), title=f"Title {n}", headings=(Heading(2, "Part", 0),)) for n in range(8)])
    store.commit([put("/copy.txt", prose(1)), Record(Source("/bad.pdf", 1, 2, None, "encrypted", "a password", 3.0))])
    store.commit([Tag("/bad.pdf", 2, '"v1"')])
    store.maintain()
    store.commit([put("/late.txt", prose(50), pages=(0, 90), labels=("i", "ii"), metadata={"year": 2024})])
    assert list(store.verify()) == []
    assert list(store.verify(full=True)) == []
    store.close()
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "kb")
    return as_its_own(tmp_path / "kb")


def change(folder, *statements):
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def findings(folder, *, full=True):
    """What opening and `verify` say; never an error of another kind."""
    try:
        store = open_store(folder)
    except KnowledgeBaseError as error:
        return [error.message]
    try:
        return [f"{finding.where}: {finding.problem}" for finding in store.verify(full)]
    finally:
        store.close()


def schema_of(folder):
    with closing(sqlite3.connect(folder / "kb.db")) as raw:
        tables = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        names = [name for (name,) in tables if not name.startswith("keywords")]
        return {name: [row[1] for row in raw.execute(f"PRAGMA table_info({name})")] for name in names}


def test_every_column_is_tried(folder):
    """Keys and references are not changed one by one below; the bits of the file are."""
    references = {"key", "document", "chunk", "model", "id"}
    for table, columns in schema_of(folder).items():
        assert set(columns) - set(TABLES[table]) <= references | {"name"}, table


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_any_changed_value_is_found(folder, table, column):
    with closing(sqlite3.connect(folder / "kb.db", isolation_level=None)) as raw:
        row = "name = 'generation'" if table == "meta" else "1"
        [[kind, value]] = raw.execute(f"SELECT typeof({column}), {column} FROM {table} WHERE {row} LIMIT 1").fetchall()
        changed = {"integer": lambda: value + 1000, "real": lambda: value + 0.5}.get(kind, lambda: flipped(value))()
        raw.execute(
            f"UPDATE {table} SET {column} = ? WHERE {column} = ? AND {row}"
            + (" AND rowid = (SELECT min(rowid) FROM texts)" if table == "texts" else ""),
            (changed, value),
        )
    assert findings(folder)


def flipped(value):
    """The value with its last bit changed."""
    data = value if isinstance(value, bytes) else value.encode()
    data = data[:-1] + bytes([data[-1] ^ 1]) if data else b"x"
    return data if isinstance(value, bytes) else data.decode()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM sources WHERE uri = CAST('/3.txt' AS BLOB)", "has no name"),
        ("DELETE FROM chunks WHERE id = 20", "lost or gained chunks"),
        ("DELETE FROM vectors WHERE chunk = 20", "chunk 20 has no vector"),
        ("DELETE FROM documents WHERE key = 3", "row .* of .* belongs to a row of documents that is not there"),
        ("UPDATE meta SET value = 1 WHERE name = 'next_chunk'", "counters next_chunk"),
        ("DELETE FROM meta WHERE name = 'layout'", "counters layout"),
        ("UPDATE texts SET text = CAST(upper(text) AS BLOB) WHERE document = 3", "/2.txt: .*altered in block 0"),
        ("DELETE FROM texts WHERE document = 3", "/2.txt: 0 of .* characters"),
        ("DELETE FROM segments", "chunks are in no segment"),
        ("INSERT INTO keywords (keywords) VALUES ('delete-all')", "words are not found"),
        ("INSERT INTO keywords (rowid, text) VALUES (3, 'surplus words')", "keyword index"),
    ],
)
def test_what_is_wrong_is_said(folder, statement, expected):
    change(folder, "PRAGMA foreign_keys = OFF", statement)
    found = findings(folder)
    assert any(re.search(expected, line) for line in found), found


@pytest.mark.parametrize("text", ["\u0301\u0301 alone", "a\u0301" * 3 + " \u0301", "\u0489", "\u200d \u202e \u0301"])
def test_words_of_marks_alone_are_no_damage(tmp_path, text):
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put("/marks.txt", text), put("/other.txt", prose(3))])
    assert list(store.verify(full=True)) == []
    store.close()
    change(tmp_path / "kb", "DELETE FROM keywords_idx", "INSERT INTO keywords (keywords) VALUES ('delete-all')")
    assert any("words are not found" in line for line in findings(tmp_path / "kb"))


def test_every_altered_row_is_reported(folder):
    change(folder, "UPDATE vectors SET vector = zeroblob(32) WHERE chunk IN (3, 5, 20)")
    assert findings(folder) == [f"vectors: the vector of chunk {chunk} was altered" for chunk in (3, 5, 20)]


def test_the_fast_check_sees_missing_rows_and_files(folder):
    next((folder / "segments").iterdir()).unlink()
    change(folder, "DELETE FROM vectors WHERE chunk = 20")
    assert len(findings(folder, full=False)) == 2


def test_each_finding_says_what_helps(folder):
    change(
        folder,
        "UPDATE vectors SET checksum = 0 WHERE chunk = 3",
        "INSERT INTO keywords (keywords) VALUES ('delete-all')",
    )
    next((folder / "segments").iterdir()).unlink()
    store = open_store(folder)
    remedies = {finding.where: finding.remedy for finding in store.verify(full=True)}
    assert remedies == {
        "vectors": "Run: ingest remove SOURCE, then: ingest add SOURCE",
        "segments": "Run: ingest rebuild",
        "keyword index": "Run: ingest rebuild",
    }
    store.close()


def test_a_rebuild_mends_what_can_be_made_anew(folder):
    change(folder, "INSERT INTO keywords (keywords) VALUES ('delete-all')")
    next((folder / "segments").iterdir()).unlink()
    store = open_store(folder)
    store.rebuild()
    assert list(store.verify(full=True)) == []
    assert store.keywords.search(prose(1), 5)
    store.close()


def test_what_was_altered_is_never_returned(folder):
    change(folder, "UPDATE texts SET text = CAST(upper(text) AS BLOB) WHERE document = 3")
    store = open_store(folder, read_only=True)
    altered = next(source for source in store.sources() if source.uri == "/2.txt")
    for ask in (lambda: store.document(altered.document_id), lambda: store.hits([(20, 1.0)])):
        with pytest.raises(KnowledgeBaseDamaged, match=r"row 3 of texts was altered.*verify --full"):
            ask()
    store.close()


# Single bits


def everything(store):
    """All that can be read from a store."""
    documents = [store.document(source.document_id) for source in store.sources() if source.document_id]
    chunks = [store.chunks(document.id) for document in documents]
    hits = store.hits([(chunk.id, 0.0) for group in chunks for chunk in group])
    queries = [vector(f"question {number}")[None] for number in range(3)]
    words = [store.keywords.search(word, 100) for word in "account badge canteen deposit title 3 late part".split()]
    return (
        *(store.model(), store.generation(), store.statistics(), store.sources(), store.holdings(), documents, chunks),
        *(hits, [store.search_vectors(query, 100) for query in queries], words, not store.degraded),
    )


def flip_bits(sound, folder, count, seed):
    """Flip single bits of the database one after the other; returns how many of the flips were found."""
    store = open_store(sound, read_only=True)
    expected = everything(store)
    store.close()
    shutil.rmtree(folder, ignore_errors=True)
    as_its_own(shutil.copytree(sound, folder))
    original = (folder / "kb.db").read_bytes()
    choose, found = random.Random(seed), 0
    for _ in range(count):
        position = choose.randrange(8 * len(original))
        changed = bytearray(original)
        changed[position // 8] ^= 1 << position % 8
        for leftover in ("kb.db-wal", "kb.db-shm"):
            (folder / leftover).unlink(missing_ok=True)
        (folder / "kb.db").write_bytes(changed)
        if findings(folder):
            found += 1
            continue
        store = open_store(folder, read_only=True)
        assert everything(store) == expected, f"bit {position} was not found and changes what is read"
        store.close()
    return found


def test_flipped_bits_are_found_or_change_nothing(sound, tmp_path):
    assert flip_bits(sound, tmp_path / "kb", count=60, seed=1) >= 10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_flipped_bits_are_found_or_change_nothing(sound, tmp_path):
    assert flip_bits(sound, tmp_path / "kb", count=3_000, seed=2) >= 500


@pytest.mark.parametrize("check", [size_problems, content_problems])
def test_segments_that_maintenance_replaces_meanwhile_are_no_damage(folder, check):
    """What a second process does to the files between the reading of the manifest and that of the segments."""
    database = Database(folder, create=False, read_only=True)
    renewed = 0

    def overtaken(snapshot):
        nonlocal renewed
        snapshot.meta()  # the read transaction begins here
        if renewed < 2:
            renewed += 1
            with closing(Database(folder, create=False, read_only=False)) as other:
                renew(other)
        return check(snapshot)

    assert lasting_problems(database, overtaken) == []
    assert renewed == 2
    (segment,) = (folder / "segments").glob("*.seg")
    segment.unlink()
    assert len(lasting_problems(database, check)) == 1
    database.close()
