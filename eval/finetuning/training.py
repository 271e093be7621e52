"""Training a low-rank adapter on a training set, by TRL's SFTTrainer and PEFT, on completions only.

LoRA is of E. Hu et al. (2021), arXiv:2106.09685; over a base in four bits, QLoRA, of T. Dettmers et al. (2023),
arXiv:2305.14314, from which the default rate, and adapters on every linear layer, are taken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.finetuning.checkpoints import Checkpoints
from eval.finetuning.encoding import Encoded, encode
from eval.finetuning.files import read_rows
from eval.finetuning.loading import Base, load, on_gpu, quiet
from ingest.errors import UsageError

if TYPE_CHECKING:
    from datasets import Dataset

ADAPTER = "adapter"
TRAINING = "training.json"
SAVED = 20  # checkpoints in a training: what a kill costs is a twentieth at most


@dataclass(frozen=True, slots=True)
class Training:
    """How a model is trained. `base` is a folder or a name on the Hugging Face hub; `rank` is that of the adapter,
    whose scale is twice the rank; `rate` the highest learning rate, which falls as a cosine; `batch` is in examples a
    step; `longest` is in tokens of prompt and completion (None: what the base can read), and longer examples are left
    out, never cut. `four_bit` needs a GPU and bitsandbytes.
    """

    base: str
    rank: int = 16
    epochs: float = 3.0
    rate: float = 2e-4
    batch: int = 8
    longest: int | None = None
    four_bit: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """`loss` is the mean over the tokens of completions, in nats; `validation` the same over rows that are not
    trained on, None at steps that do not measure it.
    """

    done: int
    total: int
    loss: float | None = None
    validation: float | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """`adapter` and `merged` are folders as `from_pretrained` reads them; `merged` is None over a four-bit base, which
    cannot take an adapter in without loss.
    """

    adapter: Path
    merged: Path | None
    steps: tuple[Step, ...]
    left_out: int
    resumed: int


Watch = Callable[[Step], None]


def train(folder: Path, training: Training, watch: Watch = lambda _step: None) -> Trained:
    """Train on `folder/train.jsonl`, watch the loss on `folder/validation.jsonl`, and write the adapter and the merged
    model into the folder. A training that was killed goes on from its last whole checkpoint.

    Raises `UsageError` for a base that cannot be loaded, where no example fits, or where the checkpoints that are there
    are of another training; `MissingExtra` without the packages of the extra [finetune].
    """
    base = load(training.base, four_bit=training.four_bit)
    longest = min(training.longest or base.window, base.window)
    parts = {name: encode(read_rows(folder, name), base.tokenizer, longest) for name in ("train", "validation")}
    if not parts["train"].rows:
        raise UsageError(
            f"None of the {parts['train'].left_out} examples of {folder} fits {longest:,} tokens.",
            "Train a base with a larger window, or make the set with fewer passages: --others 1",
        )
    checkpoints = Checkpoints(folder / "checkpoints", _settings(folder, training))
    resumed = checkpoints.open()
    with quiet():
        trainer = _trainer(base, training, parts, (checkpoints.folder, watch))
        trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    trainer.model.save_pretrained(folder / ADAPTER)
    base.tokenizer.save_pretrained(folder / ADAPTER)
    merged = None if training.four_bit else _merge(trainer.model, base, folder)
    left_out = sum(part.left_out for part in parts.values())
    start = int(resumed.name.rpartition("-")[2]) if resumed else 0
    steps = _steps(trainer.state.log_history, trainer.state.max_steps)
    return Trained(folder / ADAPTER, merged, steps, left_out, start)


def _settings(folder: Path, training: Training) -> dict[str, Any]:
    """What a checkpoint must agree in to be gone on from: the settings and the bytes that are trained on."""
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    return {"training": asdict(training), "files": files}


def _trainer(base: Base, training: Training, parts: dict[str, Encoded], control: tuple[Path, Watch]) -> Any:
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    checkpoints, watch = control
    gpu = on_gpu()
    steps = math.ceil(math.ceil(len(parts["train"].rows) / training.batch) * training.epochs)
    often = max(1, steps // SAVED)
    validation = parts["validation"].rows
    settings = SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.batch,
        per_device_eval_batch_size=training.batch,
        learning_rate=training.rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, steps // 20),
        max_length=None,  # encoded already, and nothing is cut
        completion_only_loss=True,
        bf16=gpu,
        use_cpu=not gpu,
        gradient_checkpointing=gpu,  # memory for time: on a processor, memory is not what runs out
        logging_steps=1,
        eval_strategy="steps" if validation else "no",
        eval_steps=often,
        save_steps=often,
        save_total_limit=2,
        seed=training.seed,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=gpu,
    )
    lora = LoraConfig(r=training.rank, lora_alpha=2 * training.rank, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(
        base.model,
        settings,
        train_dataset=_dataset(parts["train"]),
        eval_dataset=_dataset(parts["validation"]) if validation else None,
        processing_class=base.tokenizer,
        peft_config=lora,
        callbacks=[recorder(watch)],
    )
    trainer.remove_callback(PrinterCallback)  # what is shown is shown by `Watch`
    return trainer


def _dataset(part: Encoded) -> Dataset:
    from datasets import Dataset

    columns = [{"input_ids": list(row.ids), "completion_mask": list(row.learnt)} for row in part.rows]
    return Dataset.from_list(columns)


def recorder(watch: Watch) -> Any:
    """A callback for trainers of transformers that shows every line of their log as a step."""
    from transformers import TrainerCallback

    class Recorder(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            logs = given.get("logs") or {}
            loss, validation = logs.get("loss"), logs.get("eval_loss")
            if loss is not None or validation is not None:
                watch(Step(state.global_step, state.max_steps, loss, validation))

    return Recorder()


def _steps(history: list[dict[str, Any]], total: int) -> tuple[Step, ...]:
    rows = [row for row in history if "loss" in row or "eval_loss" in row]
    return tuple(Step(row["step"], total, row.get("loss"), row.get("eval_loss")) for row in rows)


def _merge(model: Any, base: Base, folder: Path) -> Path:
    """The base with the adapter added into its weights, for servers that load no adapters. Its folder bears the base's
    name, because profiles know models by their names."""
    merged = folder / f"{base.name}-tuned"
    model.merge_and_unload().save_pretrained(merged)
    base.tokenizer.save_pretrained(merged)
    return merged
