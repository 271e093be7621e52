"""The model that is trained on: from a folder or the hub, and never with code of its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ingest.errors import MissingExtra, UsageError

NEEDED = ("torch", "transformers", "trl", "peft", "datasets")
UNBOUNDED = 1_000_000  # tokens; what some models give as their window where nothing bounds it is larger
TRUST_REMOTE_CODE = False


@dataclass(frozen=True, slots=True)
class Base:
    """`name` is the last part of where it came from; `window` is in tokens."""

    model: Any
    tokenizer: Any
    name: str
    window: int


def load(spec: str, *, four_bit: bool = False) -> Base:
    """Raises `MissingExtra` without the packages of [finetune], `UsageError` for what cannot be loaded, or for four
    bits without a GPU and bitsandbytes.
    """
    check_packages(four_bit=four_bit)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"trust_remote_code": TRUST_REMOTE_CODE}
    try:
        tokenizer = AutoTokenizer.from_pretrained(spec, **options)  # type: ignore[no-untyped-call]
        model = AutoModelForCausalLM.from_pretrained(spec, **options, **_precision(four_bit))
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"The base model {spec!r} cannot be loaded: {reason}",
            "Name a folder with config.json, model.safetensors and tokenizer.json, or a model of the hub.",
        ) from error
    if tokenizer.eos_token_id is None:
        raise UsageError(
            f"The tokenizer of {spec!r} names no end token, so nothing could learn to stop.",
            "Set eos_token in its tokenizer_config.json.",
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    window = getattr(model.config, "max_position_embeddings", None) or UNBOUNDED
    return Base(model, tokenizer, Path(spec).name, window)


def on_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


@contextmanager
def quiet() -> Iterator[None]:
    """Without the bars and remarks of the training packages; their errors are raised as ever."""
    import datasets
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), datasets.are_progress_bars_disabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "mtime may not be reliable")  # checkpoints of one second, told by number
            yield
    finally:
        logging.set_verbosity(before)
        if not bars:
            datasets.enable_progress_bars()


def check_packages(*, four_bit: bool = False) -> None:
    """Raises `MissingExtra` without the packages of [finetune], `UsageError` for four bits without a GPU."""
    _check_installed(NEEDED)
    if four_bit and not on_gpu():
        raise UsageError(
            "--four-bit (QLoRA) needs a GPU that PyTorch can use, and this machine has none.",
            "Leave it out to train LoRA over the base as it is, or run it where there is one.",
        )
    if four_bit:
        _check_installed((*NEEDED, "bitsandbytes"))


def _check_installed(packages: Sequence[str]) -> None:
    absent = [name for name in packages if find_spec(name) is None]
    if absent:
        beside = " bitsandbytes" if "bitsandbytes" in absent else ""
        raise MissingExtra(
            f"Fine-tuning needs packages that are not installed: {', '.join(absent)}.",
            f'Run: pip install "kestrel-assistant[finetune]"{beside}',
        )


def _precision(four_bit: bool) -> dict[str, Any]:
    """Half precision on a GPU, single on a processor, four bits (NF4) where asked for."""
    import torch

    if not on_gpu():
        return {"dtype": torch.float32}
    if not four_bit:
        return {"dtype": torch.bfloat16}
    from transformers import BitsAndBytesConfig

    quantised = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"dtype": torch.bfloat16, "quantization_config": quantised}
