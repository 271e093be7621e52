"""Question sets and runs that belong to one collection, kept in folders of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eval.question_sets import load
from eval.question_sets.jsonl import written
from eval.samples import Question, QuestionSet
from ingest.errors import KestrelError
from ingest.uploads import keep_upload

SETS, RUNS = "questions", "evaluations"


def kept_sets(location: Path) -> list[Path]:
    return sorted(path for path in (location / SETS).glob("*") if path.is_file() and not path.name.startswith("."))


def keep_set(location: Path, name: str, data: bytes) -> QuestionSet:
    """Keeps a file of questions under its name, unless it is none: then `UsageError` says why, and nothing stays."""
    path = keep_upload(location, name, data, SETS)
    try:
        return load(path)
    except KestrelError:
        path.unlink()
        raise


def keep_questions(location: Path, name: str, questions: Iterable[Question]) -> QuestionSet:
    """Keeps questions as a file of Kestrel's own form."""
    return keep_set(location, name, written(questions).encode())


def run_folder(location: Path, questions: QuestionSet) -> Path:
    """Where the replies to these questions are kept: runs of the same questions share one, and its replies."""
    return location / RUNS / f"{Path(questions.name).stem}-{len(questions.questions)}-{questions.sha256[:8]}"


def kept_runs(location: Path) -> list[Path]:
    """The folders that hold replies, the newest first."""
    found = [path.parent for path in (location / RUNS).glob("*/replies.jsonl")]
    return sorted(found, key=lambda path: (path / "replies.jsonl").stat().st_mtime, reverse=True)
