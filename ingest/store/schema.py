"""The tables of `kb.db`, and how a database is made and recognised.

Every row that is read carries a checksum, since SQLite does not check its pages: `integrity_check` saw 7 of 150 flipped
bits. Ids come from counters in `meta` and are never used again, so that a stale id in a segment can only miss.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ingest.errors import KnowledgeBaseDamaged, KnowledgeBaseError
from ingest.store.rows import Column, checksum

APPLICATION_ID = 0x4B45_5354  # "KEST": what `file kb.db` shows
FORMAT = 1

# unicode61 folds case and accents; M* keeps the vowel signs of Indic and Thai words inside the word.
TOKENIZER = "porter unicode61 remove_diacritics 2 categories 'L* N* Co M*'"

TABLES = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);

CREATE TABLE documents (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL,      -- hash of what was put: an equal put needs no new rows
    length INTEGER NOT NULL,    -- of the text, in characters
    chunks INTEGER NOT NULL,
    title BLOB NOT NULL,
    names TEXT NOT NULL,        -- words of its file names, as they stand in the keyword index
    metadata TEXT NOT NULL,     -- JSON, as are the next two
    pages TEXT NOT NULL,        -- starts and labels
    details TEXT NOT NULL,      -- headings, warnings and the reading that gave them
    checksum INTEGER NOT NULL
);

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,   -- characters ordinal * BLOCK and on
    text BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (document, ordinal)
);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,     -- characters of the document's text, half open
    stop INTEGER NOT NULL,
    page INTEGER NOT NULL,
    heading BLOB NOT NULL,
    text_hash BLOB NOT NULL,
    embedding_hash BLOB NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE UNIQUE INDEX chunks_of_document ON chunks (document, ordinal);
CREATE INDEX chunks_by_embedding ON chunks (embedding_hash);

CREATE TABLE vectors (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES models (id),
    vector BLOB NOT NULL,
    checksum INTEGER NOT NULL
);

CREATE TABLE sources (
    uri BLOB PRIMARY KEY,
    document INTEGER REFERENCES documents (key),
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason BLOB NOT NULL,
    seen REAL NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sources_of_document ON sources (document);

CREATE TABLE segments (
    file TEXT PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES models (id),
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL,     -- of the FAISS index in front of the footer
    crc INTEGER NOT NULL,
    vectors INTEGER NOT NULL,   -- in the file, dead ones included
    low INTEGER NOT NULL,       -- chunk ids low <= id <= high
    high INTEGER NOT NULL,
    dead INTEGER NOT NULL,      -- vectors in the file whose chunks are gone
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
"""

# Made with the first tag: a database without it is as whole, so that this is no other format. A name that goes, or is
# written anew, takes its tag along.
TAGS = """CREATE TABLE IF NOT EXISTS tags (
    uri BLOB PRIMARY KEY REFERENCES sources (uri) ON DELETE CASCADE,
    mtime_ns INTEGER NOT NULL,  -- of the name when it was tagged
    value BLOB NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID"""

KEYWORDS = f"""CREATE VIRTUAL TABLE keywords USING fts5 (text, context, names, content='', tokenize="{TOKENIZER}")"""

COUNTERS = {
    "generation": 0,
    "next_document": 1,
    "next_chunk": 1,
    "model": 0,  # 0: none yet
    "indexed_upto": 0,  # chunks up to this id are in segments, later ones are searched in the vectors table
    "layout": 0,  # grows when segments change
    "purged": 0,  # the generation at which freed pages were last given back
}
LATER = {"digest": 0, "digested": 0}  # see `digest`; not in databases of before, nor necessarily up to date


def make(connection: sqlite3.Connection) -> None:
    """Write the empty tables into an empty database, in the transaction that the caller has begun."""
    for statement in (*TABLES.split(";\n"), KEYWORDS):
        connection.execute(statement)
    for name, value in (COUNTERS | LATER).items():
        connection.execute("INSERT INTO meta VALUES (?, ?, ?)", (name, value, checksum(name, value)))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def recognise(connection: sqlite3.Connection, folder: Path) -> None:
    """Refuse a database that is not ours or that a newer Kestrel wrote; neither is changed."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application != APPLICATION_ID:
        raise KnowledgeBaseDamaged(
            f"{folder / 'kb.db'} is not a Kestrel knowledge base (application id {application:#x}).",
            "Give another folder with --kb, or restore kb.db from a backup.",
        )
    if version > FORMAT:
        raise KnowledgeBaseError(
            f"{folder} was written by a newer Kestrel (format {version}, this one knows {FORMAT}).",
            "Update Kestrel: pip install --upgrade kestrel-assistant",
        )


def read_meta(connection: sqlite3.Connection, folder: Path) -> dict[str, int]:
    """Every counter, checked."""
    rows: list[tuple[str, Column, int]] = connection.execute("SELECT name, value, checksum FROM meta").fetchall()
    meta = {name: value for name, value, crc in rows if isinstance(value, int) and checksum(name, value) == crc}
    if wrong := COUNTERS.keys() - meta.keys() or {str(row[0]) for row in rows} - meta.keys():
        raise KnowledgeBaseDamaged(
            f"{folder} is damaged: the counters {', '.join(sorted(wrong))} are not what was written.",
            f"Restore {folder / 'kb.db'} from a backup, or ingest the files into a new knowledge base.",
        )
    return meta


def write_meta(connection: sqlite3.Connection, **values: int) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO meta (name, value, checksum) VALUES (?, ?, ?)",
        [(name, value, checksum(name, value)) for name, value in values.items()],
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
