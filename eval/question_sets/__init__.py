"""Question sets: Kestrel's own JSONL, and importers for the files of others. Each keeps the sha256 of what it read."""

from __future__ import annotations

from pathlib import Path

from eval.question_sets.files import Contents, contents
from eval.samples import QuestionSet
from ingest.errors import UsageError
from ingest.registry import Registry

IMPORTERS = Registry(
    "importers",
    {
        "jsonl": "eval.question_sets.jsonl:read",
        "csv": "eval.question_sets.csv:read",
        "squad": "eval.question_sets.squad:read",
        "quality": "eval.question_sets.quality:read",
        "leval": "eval.question_sets.leval:read",
        "longeval": "eval.question_sets.longeval:read",
        "truth": "eval.question_sets.truth:read",
    },
)


def load(path: str | Path, kind: str | None = None, *, sha256: str | None = None) -> QuestionSet:
    """The questions of a file, plain or gzipped. `kind` names an importer; None tells it from the content.

    Raises `UsageError` for a file that is not there, is not of that kind, holds no question or two of one id, or whose
    bytes do not have the asked `sha256`.
    """
    found = contents(Path(path))
    if sha256 and found.sha256 != sha256.lower():
        raise UsageError(
            f"{path} has the sha256 {found.sha256}, and {sha256} was asked for.",
            "Another version of the set gives figures that cannot be compared: fetch the right one.",
        )
    questions = tuple(IMPORTERS.load(kind or recognised(found))(found))
    if not questions:
        raise UsageError(f"{path} holds no questions.", "See docs/guide/07-evaluation.md for what a question set is.")
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise UsageError(f"{path} has two questions with the id {question.id!r}.", "Give each its own id.")
        seen.add(question.id)
    return QuestionSet(Path(path).name, questions, found.sha256)


def recognised(found: Contents) -> str:
    """The importer for these contents, told from the name and the first record. Raises `UsageError` for none."""
    if found.path.name.removesuffix(".gz").endswith((".csv", ".tsv")):
        return "csv"
    record = found.first_record()
    for kind, fields in _SIGNS:
        if fields <= record.keys():
            return kind
    raise UsageError(
        f"{found.path} is no question set that Kestrel knows: its first record has the fields "
        f"{', '.join(sorted(record)) or 'of nothing'}.",
        f"Name its kind with --format: {', '.join(IMPORTERS.names())}.",
    )


_SIGNS = (  # in this order: the first whose fields are all there
    ("squad", {"data"}),
    ("leval", {"instructions", "outputs", "input"}),
    ("quality", {"article_id", "questions"}),
    ("longeval", {"prompt", "expected_number"}),
    ("longeval", {"prompt", "topics"}),
    ("truth", {"question", "truth"}),
    ("jsonl", {"question"}),
)
