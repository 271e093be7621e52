"""The answers that were given from one knowledge base."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePath
from typing import Any

from assistant.answers import Answer
from assistant.history.database import NAME, damaged, reading, writing
from assistant.history.reviving import read, written
from assistant.history.runs import VERDICTS, Run, Verdict
from ingest.errors import UsageError

LAST = "last"  # names the run that was kept last
CONVERSATION = "conversation"  # in the settings of a run: what it is a part of
_COLUMNS = "id, asked, answer, settings, verdict, reason"
_NAME = f"coalesce(json_extract(settings, '$.{CONVERSATION}'), id)"


class History:
    """Kept in `answers.db` in the folder of the knowledge base. Threads and processes may share it.

    Every method raises the `KnowledgeBaseError`s; where no answer was ever kept, nothing is found.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def writable(self) -> bool:
        """Whether answers can be kept: not in a folder that is read-only."""
        return os.access(self._folder, os.W_OK)

    def keep(self, answer: Answer, settings: Mapping[str, Any] | None = None) -> Run | None:
        """Write an answer down; None where the folder is read-only.

        Its manifest's "run" is its name, unless that is taken: of histories with 10,000 answers one in 86 holds a name
        that was drawn twice.
        """
        if not self.writable:
            return None
        words = f"{answer.question}\n{answer.text}".casefold()
        blob = zlib.compress(written(answer).encode(errors="surrogatepass"))
        name = str(answer.manifest.get("run") or new_id())
        with writing(self._folder) as connection:
            while connection.execute("SELECT 1 FROM runs WHERE id = ?", (name,)).fetchone():
                name = new_id()
            run = Run(name, time.time(), answer, dict(settings or {}))
            row = (run.id, run.asked, words, blob, json.dumps(run.settings))
            number = connection.execute(
                "INSERT INTO runs (id, asked, words, answer, settings) VALUES (?, ?, ?, ?, ?)", row
            ).lastrowid
            connection.executemany(
                "INSERT OR IGNORE INTO quoted VALUES (?, ?, ?)",
                {(number, passage.document_id, passage.source) for passage in answer.passages},
            )
        return run

    def get(self, name: str) -> Run:
        """The run of a name, of the beginning of one, or "last". Raises `UsageError` when there is none, or several."""
        with reading(self._folder) as connection:
            return (
                self._run(connection.execute(*self._named(connection, name)).fetchone()) if connection else _none(name)
            )

    def search(self, words: str = "", limit: int = 20) -> list[Run]:
        """The runs whose question or answer holds all of these words, the newest first."""
        where, wanted = _holding(words)
        query = f"SELECT {_COLUMNS} FROM runs WHERE {where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - no value in it
        with reading(self._folder) as connection:
            rows = connection.execute(query, (*wanted, limit)).fetchall() if connection else []
        return [self._run(row) for row in rows]

    def conversations(self, words: str = "", limit: int = 20, skip: int = 0) -> tuple[list[tuple[str, list[Run]]], int]:
        """Runs that belong together, the oldest first, by name; the newest conversation first. And how many there are.

        Of each conversation one run holds all of these words. A run that is a part of none is one by itself.
        """
        where, wanted = _holding(words)
        named = f"SELECT {_NAME} AS name, max(number) AS newest FROM runs WHERE {where} GROUP BY name"  # noqa: S608
        query = (
            f"WITH wanted AS ({named} ORDER BY newest DESC LIMIT ? OFFSET ?) "  # noqa: S608 - no value in it
            f"SELECT name, {_COLUMNS} FROM wanted JOIN runs ON {_NAME} = name ORDER BY newest DESC, number"
        )
        with reading(self._folder) as connection:
            if connection is None:
                return [], 0
            (total,) = connection.execute(f"SELECT count(*) FROM ({named})", wanted).fetchone()  # noqa: S608
            rows = connection.execute(query, (*wanted, limit, skip)).fetchall()
        return [(name, [self._run(row[1:]) for row in each]) for name, each in groupby(rows, itemgetter(0))], total

    def feedback(self, name: str, verdict: Verdict, reason: str = "") -> Run:
        """Say what an answer is worth; a later verdict takes the place of an earlier one. Returns the run."""
        if verdict not in VERDICTS:
            raise UsageError(f"{verdict!r} is no verdict.", f"Give one of {', '.join(VERDICTS)}.")
        run = self.get(name)
        with writing(self._folder) as connection:
            connection.execute("UPDATE runs SET verdict = ?, reason = ? WHERE id = ?", (verdict, reason, run.id))
        return self.get(run.id)

    def judged(self, *verdicts: Verdict) -> Iterator[Run]:
        """The runs that have a verdict (one of these, if any are given), the oldest first."""
        wanted = verdicts or VERDICTS
        marks = ", ".join("?" * len(wanted))
        query = f"SELECT {_COLUMNS} FROM runs WHERE verdict IN ({marks}) ORDER BY number"  # noqa: S608 - marks only
        with reading(self._folder) as connection:
            rows = connection.execute(query, wanted).fetchall() if connection else []
        yield from (self._run(row) for row in rows)

    def remove(self, name: str) -> Run:
        """Forget a run; its bytes are overwritten. Returns what it was."""
        run = self.get(name)
        with writing(self._folder) as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
        return run

    def forget(self, source: str) -> int:
        """Remove every run that was made from a source, named whole or by the end of its path. Returns how many."""
        with reading(self._folder) as connection:
            rows = connection.execute("SELECT run, source FROM quoted").fetchall() if connection else []
        runs = {run for run, held in rows if _is_named(held, source)}
        if runs:
            with writing(self._folder) as connection:
                connection.executemany("DELETE FROM runs WHERE number = ?", [(run,) for run in runs])
        return len(runs)

    def _named(self, connection: sqlite3.Connection, name: str) -> tuple[str, Sequence[str]]:
        """The query that finds the one run of a name."""
        select = f"SELECT {_COLUMNS} FROM runs"  # noqa: S608 - no value in it
        if name == LAST:
            (number,) = connection.execute("SELECT max(number) FROM runs").fetchone()
            return (f"{select} WHERE number = ?", (number,)) if number else _none(name)
        begin = "SELECT id FROM runs WHERE substr(id, 1, ?) = ? LIMIT 3"
        found = [each for (each,) in connection.execute(begin, (len(name), name.lower()))]
        if len(found) > 1 and name not in found:
            raise UsageError(f"{name!r} may be any of {', '.join(found)}.", "Give more of the name.")
        return (f"{select} WHERE id = ?", (name if name in found else found[0],)) if found else _none(name)

    def _run(self, row: Sequence[Any]) -> Run:
        run, asked, blob, settings, verdict, reason = row
        try:
            answer = read(Answer, zlib.decompress(blob).decode(errors="surrogatepass"))
            return Run(run, asked, answer, json.loads(settings), verdict, reason)
        except (ValueError, TypeError, KeyError, zlib.error) as error:
            raise damaged(self._folder / NAME, f"run {run}: {error}") from error


def new_id() -> str:
    """A name for a run: 8 hexadecimal digits, drawn at random."""
    return secrets.token_hex(4)


def _holding(words: str) -> tuple[str, list[str]]:
    """A condition that all of these words stand in a question or its answer, and its values."""
    wanted = words.casefold().split()
    return " AND ".join(["instr(words, ?)"] * len(wanted)) or "1", wanted


def _none(name: str) -> Any:
    raise UsageError(f"There is no run {name!r}.", "List them: assistant history")


def _is_named(held: str, source: str) -> bool:
    parts = PurePath(source).parts
    return held == source or (bool(parts) and PurePath(held).parts[-len(parts) :] == parts)
