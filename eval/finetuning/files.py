"""The training set on disk: the two forms that trainers read, and a record of what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.finetuning.rows import Recipe, Row, TrainingSet
from eval.samples import QuestionSet
from ingest.errors import UsageError

MANIFEST = "manifest.json"


def write(
    made: TrainingSet, folder: Path, known: QuestionSet, recipe: Recipe, profile: str, *, over: bool = False
) -> dict[str, Any]:
    """Writes `train.jsonl` and `validation.jsonl` ({"prompt", "completion"}), the same rows as `….messages.jsonl`
    ({"messages"}), and `manifest.json`, which is returned. Equal input gives equal bytes.

    Raises `UsageError` where the folder holds another training set, unless it is to be written `over`.
    """
    texts = {}
    for part, rows in (("train", made.train), ("validation", made.validation)):
        texts[f"{part}.jsonl"] = _lines(_pair(row) for row in rows)
        texts[f"{part}.messages.jsonl"] = _lines(_messages(row) for row in rows)
    manifest = {
        "questions": {"name": known.name, "sha256": known.sha256},
        "profile": profile,
        "recipe": asdict(recipe),
        "rows": {"train": _counted(made.train), "validation": _counted(made.validation)},
        "left_out": {why: list(ids) for why, ids in asdict(made.left_out).items()},
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }
    told = f"{json.dumps(manifest, indent=2, ensure_ascii=False)}\n"
    there = folder / MANIFEST
    if there.exists() and there.read_text(encoding="utf-8") != told and not over:
        raise UsageError(
            f"{folder} holds another training set already.", "Name another folder, or add --force to write over it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**texts, MANIFEST: told}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return manifest


def _pair(row: Row) -> dict[str, Any]:
    return {"prompt": row.prompt, "completion": row.completion}


def _messages(row: Row) -> dict[str, Any]:
    """Roles in the form of chat templates; the completion without the space that joins it to a bare prompt."""
    said = [{"role": "user", "content": row.bare}, {"role": "assistant", "content": row.completion.strip()}]
    return {"messages": said}


def _counted(rows: Iterable[Row]) -> dict[str, int]:
    return dict(sorted(Counter(row.kind for row in rows).items()))


def _lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)


def read_rows(folder: Path, part: str) -> list[dict[str, str]]:
    """The prompts and completions of a part, "train" or "validation". Raises `UsageError` where the file is not what
    the manifest says: examples that were changed by hand are another training set."""
    path = folder / f"{part}.jsonl"
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"][path.name]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != told:
        raise UsageError(
            f"{path} is not what {folder / MANIFEST} says that was written.",
            "Make the set anew with --force.",
        )
    return [json.loads(line) for line in content.decode().splitlines()]
