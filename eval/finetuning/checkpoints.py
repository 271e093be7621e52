"""Checkpoints of a training, and which of them can be gone on from."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import UsageError

SETTINGS = "settings.json"
LAST_WRITTEN = "trainer_state.json"  # by transformers' Trainer._save_checkpoint: with it, a checkpoint is whole


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Make the folder that of the training with these settings, or see that it is.

    Raises `UsageError` where it is that of another one.
    """
    kept = folder / SETTINGS
    if kept.exists() and json.loads(kept.read_text(encoding="utf-8")) != settings:
        raise UsageError(
            f"{folder} holds a training with other settings or other examples.",
            "Go on with those, name another folder, or add --force to begin anew.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(settings, indent=2), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """`settings` is what the training is, as JSON."""

    folder: Path
    settings: dict[str, Any]

    def open(self) -> Path | None:
        """The newest whole checkpoint, None to begin at the start; what a kill left half-written is removed.

        Raises `UsageError` where the checkpoints are of another training.
        """
        claim(self.folder, self.settings)
        found = sorted(self.folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        for path in found:
            if not (path / LAST_WRITTEN).exists():
                shutil.rmtree(path)
        return next((path for path in reversed(found) if path.exists()), None)
