"""The folder of a run. Rows are only ever appended, whole and synced, so that a run may be killed at any moment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from eval.question_sets import load
from eval.question_sets.jsonl import written
from eval.runs.rows import line_of, reply_of
from eval.samples import QuestionSet, Reply
from ingest.errors import KnowledgeBaseBusy, UsageError
from ingest.store.locks import FileLock

QUESTIONS, REPLIES, ARMS, LOCK = "questions.jsonl", "replies.jsonl", "arms.txt", "run.lock"


class RunFolder:
    """`questions.jsonl` and `replies.jsonl` in one folder; threads may share the object.

    A row is one reply of one arm to one question. What an arm said last to a question counts; a row with an error
    counts only until there is one without.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()

    def keep(self, questions: QuestionSet) -> None:
        """Write the questions, where there are none yet. Raises `UsageError` when the folder belongs to other ones."""
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.path / QUESTIONS
        text = written(questions.questions)
        if place.exists():
            if place.read_text(encoding="utf-8") != text:
                raise UsageError(
                    f"{self.path} holds a run of other questions than {questions.name}.",
                    "Arms can only be compared on the same questions: choose another --out.",
                )
            return
        unfinished = place.with_suffix(".part")
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(place)

    def questions(self) -> QuestionSet:
        """Raises `UsageError` for a folder that holds no run."""
        if not (self.path / QUESTIONS).exists():
            raise UsageError(f"{self.path} holds no run.", f"Make one: python -m eval run --out {self.path} …")
        return load(self.path / QUESTIONS, "jsonl")

    def name_arms(self, names: Sequence[str]) -> None:
        """Keep the order in which arms were asked for; threads answer in any order."""
        known = self.arms()
        with (self.path / ARMS).open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{name}\n" for name in names if name not in known)

    def arms(self) -> tuple[str, ...]:
        """The names of the arms, in the order in which they were first asked for."""
        place = self.path / ARMS
        return tuple(place.read_text(encoding="utf-8").splitlines()) if place.exists() else ()

    def replies(self) -> list[Reply]:
        """One reply an arm and question, the one that counts, in the order in which they were first given."""
        counting: dict[tuple[str, str], Reply] = {}
        for reply in self._rows():
            place = reply.arm, reply.question
            if place not in counting or not reply.error or counting[place].error:
                counting[place] = reply
        return list(counting.values())

    def known(self) -> dict[str, Reply]:
        """Replies without an error, by key: what need not be asked again."""
        return {reply.key: reply for reply in self._rows() if not reply.error}

    def append(self, reply: Reply) -> None:
        """Written and synced when this returns."""
        data = f"{line_of(reply)}\n".encode(errors="surrogatepass")
        with self._lock:
            descriptor = os.open(self.path / REPLIES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder alone, and cut off a row that a killed run left unfinished. Raises `UsageError`."""
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / LOCK, waiting_time=0.5).held():
                self._mend()
                yield
        except KnowledgeBaseBusy as error:
            raise UsageError(
                f"Another run writes into {self.path}.", "Wait for it, or choose another --out."
            ) from error

    def _mend(self) -> None:
        place = self.path / REPLIES
        if place.exists():
            data = place.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                with place.open("r+b") as rows:
                    rows.truncate(whole)

    def _rows(self) -> Iterator[Reply]:
        place = self.path / REPLIES
        if not place.exists():
            return
        *lines, _unfinished = place.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                yield reply_of(json.loads(line.decode(errors="surrogatepass")))
            except (ValueError, TypeError, KeyError) as error:
                raise UsageError(
                    f"{place}, row {number}: not a reply ({error}).", "Remove that line: its question is asked again."
                ) from error


def renamed(reply: Reply, arm: str, question: str) -> Reply:
    """The same reply under the name of another arm that would have sent the same."""
    return replace(reply, arm=arm, question=question)
