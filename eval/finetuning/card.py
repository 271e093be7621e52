"""What a trained model was made of, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval.finetuning.training import TRAINING, Trained, Training

PACKAGES = ("torch", "transformers", "trl", "peft")


def write_card(folder: Path, training: Training, trained: Trained) -> dict[str, Any]:
    """Writes `training.json`, which is returned, and a model card `README.md` into the adapter and the merged model.

    Raises `OSError`.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    losses = [step.loss for step in trained.steps if step.loss is not None]
    validation = [step.validation for step in trained.steps if step.validation is not None]
    record = {
        "training": asdict(training),
        "questions": manifest["questions"],
        "files": manifest["files"],
        "rows": manifest["rows"],
        "left_out_as_too_long": trained.left_out,
        "steps": trained.steps[-1].total if trained.steps else 0,
        "loss": losses,
        "validation_loss": validation,
        "adapter": str(trained.adapter.name),
        "merged": trained.merged.name if trained.merged else None,
        "versions": {name: version(name) for name in PACKAGES},
    }
    (folder / TRAINING).write_text(f"{json.dumps(record, indent=2)}\n", encoding="utf-8")
    for model in filter(None, (trained.adapter, trained.merged)):
        (model / "README.md").write_text(_card(record), encoding="utf-8")
    return record


def _card(record: dict[str, Any]) -> str:
    training, rows = record["training"], record["rows"]["train"]
    told = ", ".join(f"{number} {kind}" for kind, number in rows.items())
    return f"""---
base_model: {training["base"]}
library_name: peft
tags: [kestrel, lora]
---

# {Path(training["base"]).name}, fine-tuned on documents

Trained by Kestrel on what a knowledge base says. The licence of the base model holds for this one as well, and whoever
may read this model can be told what stands in the documents.

- **Examples:** {told}; {record["left_out_as_too_long"]} left out as too long.
- **Questions:** {record["questions"]["name"]}, sha256 `{record["questions"]["sha256"]}`
- **Training file:** sha256 `{record["files"]["train.jsonl"]}`
- **Adapter:** LoRA of rank {training["rank"]} on every linear layer, {training["epochs"]:g} epochs, \
{training["batch"]} examples a step, rate {training["rate"]:g}, seed {training["seed"]}; loss on completions only.
- **Loss:** {_change(record["loss"])}; on held-back documents {_change(record["validation_loss"])}.
- **Made with:** {", ".join(f"{name} {number}" for name, number in record["versions"].items())}

Whether it answers better than the base with retrieval is another question: `python -m eval run` with the arms
`prompting,rag,fine_tuned,fine_tuned_rag`.
"""


def _change(losses: list[float]) -> str:
    return f"{losses[0]:.3f} at first, {losses[-1]:.3f} at the end" if losses else "not measured"
