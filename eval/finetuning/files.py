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

MANIFEST = "manifest.json"


def write(made: TrainingSet, folder: Path, known: QuestionSet, recipe: Recipe, profile: str) -> dict[str, Any]:
    """Writes `train.jsonl` and `validation.jsonl` ({"prompt", "completion"}), the same rows as `….messages.jsonl`
    ({"messages"}), and `manifest.json`, which is returned. Equal input gives equal bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {}
    for part, rows in (("train", made.train), ("validation", made.validation)):
        texts[f"{part}.jsonl"] = _lines(_pair(row) for row in rows)
        texts[f"{part}.messages.jsonl"] = _lines(_messages(row) for row in rows)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    manifest = {
        "questions": {"name": known.name, "sha256": known.sha256},
        "profile": profile,
        "recipe": asdict(recipe),
        "rows": {"train": _counted(made.train), "validation": _counted(made.validation)},
        "left_out": {why: list(ids) for why, ids in asdict(made.left_out).items()},
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }
    told = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{told}\n", encoding="utf-8", newline="\n")
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
