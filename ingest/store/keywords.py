"""Keyword search: BM25 by SQLite's FTS5 over text, headings and title, and file names.

The index keeps no copy of the text (`content=''`), so a row is deleted by giving FTS5 what was indexed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.store.filters import allowed_documents
from ingest.store.words import indexed, normalised, runs, spaced_words

if TYPE_CHECKING:
    from ingest.documents import Filter
    from ingest.store.database import Database

_ENGLISH = """
a about also am an and any are as at be because been being both but by can could d did do does doing each few for from
had has have having he her hers him his how i if in into is it its itself just ll m me more most my no nor not of on
only or other our ours over own re s same she should so some such t than that the their theirs them then there these
they this those through to too under until up ve very was we were what when where which while who whom why will with
would you your yours
"""
STOP_WORDS = frozenset(_ENGLISH.split())


@dataclass(frozen=True, slots=True)
class Weights:
    """What a word counts for where it stands."""

    text: float = 1.0
    context: float = 1.0  # headings and title
    names: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """What is indexed of one chunk."""

    chunk: int
    text: str
    context: str
    names: str

    def columns(self) -> tuple[int, str, str, str]:
        return self.chunk, indexed(self.text), indexed(self.context), self.names


def insert(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    connection.executemany(
        "INSERT INTO keywords (rowid, text, context, names) VALUES (?, ?, ?, ?)", (row.columns() for row in rows)
    )


def delete(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Take rows out; they must be as they were inserted."""
    connection.executemany(
        "INSERT INTO keywords (keywords, rowid, text, context, names) VALUES ('delete', ?, ?, ?, ?)",
        (row.columns() for row in rows),
    )


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")


def optimise(connection: sqlite3.Connection) -> None:
    """Merge the index into one b-tree, which leaves no trace of deleted rows."""
    connection.execute("INSERT INTO keywords (keywords) VALUES ('optimize')")


def match_expression(query: str) -> str:
    """An FTS5 expression for any of the query's words, each quoted, so that nothing in it is an operator.

    Stop words are left out unless nothing else is there: they cost most of the time and find nothing. "" when the
    query holds no letter or digit.
    """
    terms = list(dict.fromkeys(_terms(normalised(query).casefold())))
    telling = [term for term in terms if term.strip('"') not in STOP_WORDS]
    return " OR ".join(telling or terms)


def _terms(text: str) -> Iterator[str]:
    for piece, unspaced in runs(text):
        if not unspaced:
            yield from (f'"{word}"' for word in spaced_words(piece))
        elif len(piece) == 1:
            yield f'"{piece}"*'
        else:
            yield from (f'"{piece[start : start + 2]}"' for start in range(len(piece) - 1))


class FullTextIndex:
    """The `KeywordIndex` of a SQLite store."""

    def __init__(self, database: Database, weights: Weights | None = None) -> None:
        weights = weights or Weights()
        self._database = database
        self._rank = f"bm25({weights.text}, {weights.context}, {weights.names})"

    def search(self, query: str, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        """Chunk ids with scores, best first, equal scores by ascending id; scores are BM25's."""
        expression = match_expression(query)
        if not expression or k < 1:
            return []
        with self._database.snapshot() as snapshot:
            condition, parameters = "", [expression, self._rank]
            if only:
                condition = "AND rowid IN (SELECT id FROM chunks WHERE document IN (SELECT value FROM json_each(?)))"
                parameters.append(json.dumps(allowed_documents(snapshot, only)))
            rows = snapshot.connection.execute(
                f"SELECT rowid, -rank FROM keywords WHERE keywords MATCH ? AND rank MATCH ? {condition} "  # noqa: S608
                "ORDER BY rank, rowid LIMIT ?",
                (*parameters, k),
            )
            return [(int(chunk), float(score)) for chunk, score in rows]
