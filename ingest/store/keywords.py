"""Keyword search: BM25 by SQLite's FTS5 over text, headings with title, and file names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.store.filters import Filters
from ingest.store.keyword_query import Term, any_of, telling, terms, words_and_pairs

if TYPE_CHECKING:
    from ingest.documents import Filter
    from ingest.store.database import Database
    from ingest.store.snapshot import Snapshot

PAIRS_BELOW = 20_000  # chunks; above, phrases and frequent words cost more milliseconds than they find
MOST = 2**62  # SQLite knows no larger numbers than 2**63 - 1
COMMON_SHARE = 0.2  # of the chunks: words in more of them are left out of questions to large knowledge bases


@dataclass(frozen=True, slots=True)
class Weights:
    """What a word counts for where it stands. Other values were tried and made no difference."""

    text: float = 1.0
    context: float = 1.0  # headings and title
    names: float = 1.0


class FullTextIndex:
    """The `KeywordIndex` of a SQLite store."""

    def __init__(self, database: Database, filters: Filters, weights: Weights | None = None) -> None:
        weights = weights or Weights()
        self._database = database
        self._filters = filters
        self._score = f"bm25(keywords, {weights.text}, {weights.context}, {weights.names})"
        self._sized = (-1, 0)  # generation, chunks

    def search(self, query: str, k: int, only: Filter | None = None) -> list[tuple[int, float]]:
        """Chunk ids with scores, best first, equal scores by ascending id; scores are BM25's."""
        question = terms(query)
        if not question or k < 1:
            return []
        with self._database.snapshot() as snapshot:
            condition, parameters = "", [self._expression(snapshot, question)]
            if only:  # the plus keeps FTS5 from searching once for each allowed id
                condition = (
                    "AND +rowid IN (SELECT chunks.id FROM chunks JOIN json_each(?) ON json_each.value = document)"
                )
                parameters.append(json.dumps(self._filters.documents(snapshot, only)))
            rows = snapshot.connection.execute(
                f"SELECT rowid, -{self._score} AS score FROM keywords WHERE keywords MATCH ? {condition} "  # noqa: S608
                "ORDER BY score DESC, rowid LIMIT ?",
                (*parameters, min(k, MOST)),
            )
            return [(int(chunk), float(score)) for chunk, score in rows]

    def _expression(self, snapshot: Snapshot, question: list[Term]) -> str:
        chunks = self._chunks(snapshot)
        if chunks < PAIRS_BELOW:
            return words_and_pairs(question)
        words = telling(question)
        return any_of(telling(question, [word for word in words if _is_common(snapshot, word, chunks)]))

    def _chunks(self, snapshot: Snapshot) -> int:
        generation = snapshot.generation()
        if self._sized[0] != generation:
            self._sized = generation, snapshot.connection.execute("SELECT count(*) FROM chunks").fetchone()[0]
        return self._sized[1]


def _is_common(snapshot: Snapshot, word: Term, chunks: int) -> bool:
    """Whether a word stands in more than `COMMON_SHARE` of the chunks; counting stops there."""
    limit = int(COMMON_SHARE * chunks) + 1
    counted = "SELECT count(*) FROM (SELECT 1 FROM keywords WHERE keywords MATCH ? LIMIT ?)"
    return bool(snapshot.connection.execute(counted, (str(word), limit)).fetchone()[0] == limit)
