"""What was measured as figures in JSON, as `eval longcontext --json` prints them, and kept beside a collection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.longcontext.measuring import Cell, Result, by_length, by_length_and_depth, usable_length
from ingest.errors import UsageError

FOLDER = "longcontext"


@dataclass(frozen=True, slots=True)
class Curve:
    """Of one model: what it found at each length, and at each length and depth. `usable` in tokens, None: nowhere."""

    model: str
    usable: int | None
    lengths: tuple[Cell, ...]
    depths: tuple[Cell, ...]


def curve_of(model: str, results: Sequence[Result]) -> Curve:
    cells = by_length(results)
    tasks = {cell.task for cell in cells}
    shortest = min((usable_length([cell for cell in cells if cell.task == task]) or 0 for task in tasks), default=0)
    return Curve(model, shortest or None, tuple(cells), tuple(by_length_and_depth(results)))


def figures_of(curve: Curve) -> dict[str, Any]:
    return {
        "model": curve.model,
        "usable": curve.usable,
        "lengths": list(map(_as_json, curve.lengths)),
        "depths": list(map(_as_json, curve.depths)),
    }


def keep_curve(location: Path, curve: Curve) -> Path:
    """In the collection's folder `longcontext/`; a later one of the same model takes its place."""
    folder = location / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(character if character.isalnum() or character in "-_" else "-" for character in curve.model)
    path = folder / f"{name or 'model'}.json"
    path.write_text(json.dumps(figures_of(curve), indent=1) + "\n", encoding="utf-8")
    return path


def kept_curves(location: Path) -> list[Curve]:
    """Those of `keep_curve`, and files of `eval longcontext --json` that were put beside them.

    Raises `UsageError` for a file that holds something else.
    """
    return [_read(path) for path in sorted((location / FOLDER).glob("*.json"))]


def _read(path: Path) -> Curve:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        usable = None if record["usable"] is None else int(record["usable"])
        lengths, depths = (tuple(map(_cell, record[name])) for name in ("lengths", "depths"))
        return Curve(str(record["model"]), usable, lengths, depths)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds no measured lengths: {type(error).__name__} {error}.",
            "Delete it, or write it anew: python -m eval longcontext … --json",
        ) from error


def _cell(record: Mapping[str, Any]) -> Cell:
    depth = record.get("depth")
    right, cases = int(record["right"]), int(record["n"])
    if not 0 <= right <= cases or not cases:
        raise ValueError(f"{right} right of {cases}")
    return Cell(str(record["task"]), int(record["tokens"]), None if depth is None else float(depth), right, cases)


def _as_json(cell: Cell) -> dict[str, Any]:
    low, high = cell.interval
    place = {} if cell.depth is None else {"depth": cell.depth}
    return {
        "task": cell.task,
        "tokens": cell.tokens,
        **place,
        "right": cell.right,
        "n": cell.cases,
        "interval": [low, high],
    }
