"""Does the keyword index hold the words of the documents, and nothing else?

FTS5 keeps no checksums, and its own `integrity-check` cannot compare an index that has no copy of the text. So the
index is made a second time, in a temporary database, and the two are compared: every term by a search for it, which
takes the way of a query, and all positions together by sums, which SQLite makes in C.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any

from ingest.store import document_rows, keyword_rows
from ingest.store.schema import KEYWORDS
from ingest.store.table_rows import DocumentRow

if TYPE_CHECKING:
    from ingest.store.snapshot import Snapshot

# Views of the index (https://sqlite.org/fts5.html#the_fts5vocab_virtual_table_module). Temporary, since the database
# may be on a medium that cannot be written to.
VOCABULARY = (
    "CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'keywords', 'col')",
    "CREATE VIRTUAL TABLE temp.positions USING fts5vocab('main', 'keywords', 'instance')",
)
_POSITIONS = (
    "SELECT count(*), sum(doc), sum(doc * (offset + 1) % 1000003), "
    "sum(doc * CASE col WHEN 'text' THEN 1 WHEN 'context' THEN 2 ELSE 3 END) FROM temp.positions"
)
_LENGTHS = "SELECT id, sz FROM keywords_docsize ORDER BY id"
_AVERAGES = "SELECT block FROM keywords_data WHERE id = 1 AND EXISTS (SELECT 1 FROM keywords_docsize)"


def keyword_problems(snapshot: Snapshot) -> Iterator[str]:
    """What differs between the keyword index and one made anew. The connection must have the `VOCABULARY` tables."""
    with closing(sqlite3.connect("")) as rebuilt:  # "": on disk when it grows, and gone when it is closed
        for statement in (KEYWORDS, *VOCABULARY, "BEGIN"):
            rebuilt.execute(statement)
        for row in snapshot.rows(DocumentRow, "ORDER BY key"):
            keyword_rows.insert(rebuilt, document_rows.stored_rows(snapshot, row))
        if wrong := _wrong_terms(snapshot.connection, rebuilt):
            yield f"{wrong} words are not found where they stand"
        if any(_first(snapshot.connection, query) != _first(rebuilt, query) for query in (_POSITIONS, _AVERAGES)):
            yield "the positions of words are not those in the text"
        pairs = zip_longest(snapshot.connection.execute(_LENGTHS), rebuilt.execute(_LENGTHS))
        if wrong := sum(stored != made for stored, made in pairs):
            yield f"the lengths of {wrong} chunks are not those of their texts"


def _wrong_terms(stored: sqlite3.Connection, rebuilt: sqlite3.Connection) -> int:
    wrong = rows = 0
    made = rebuilt.execute("SELECT term, col, doc, cnt FROM temp.terms")
    for term, group in groupby(made, key=lambda row: row[0]):
        expected = list(group)
        where = "= ?" if term is not None else "IS ?"  # accents alone are a word of no letters, told as NULL
        found = stored.execute(f"SELECT term, col, doc, cnt FROM temp.terms WHERE term {where}", (term,)).fetchall()  # noqa: S608
        wrong += found != expected
        rows += len(expected)
    surplus: int = _first(stored, "SELECT count(*) FROM temp.terms")[0] - rows
    return wrong + abs(surplus)


def _first(connection: sqlite3.Connection, query: str) -> tuple[Any, ...]:
    return connection.execute(query).fetchone() or ()
