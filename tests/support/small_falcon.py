"""A small real Falcon that answers from its prompt: trained once by `small_falcon_training`, then read from a cache.

`python -m tests.support.small_falcon` trains it where it is missing and tells how often it answers right; with `train`
it only trains, which takes longer than a test may.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support import (
    copying_lessons,
    copying_start,
    invented_facts,
    small_falcon_training,
    small_tokenizer,
)
from tests.support.gguf_files import write_falcon
from tests.support.invented_facts import invent_lookup
from tests.support.small_falcon_training import WINDOW, Course, Progress, model_config, train
from tests.support.small_tokenizer import ASSISTANT, END, PROMPTER
from tests.support.tgi_server.falcon_engine import FalconEngine
from tests.support.tgi_server.limits import Limits

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "kestrel/small-falcon"
TEMPLATE = f"{PROMPTER}{{prompt}}{END}{ASSISTANT}"
RESERVE = 256  # tokens of the window that are not for the prompt
HELD_OUT = 1_000_000  # seeds from here on are not learnt from
PROFILE = f"""
[small-falcon]
window = {WINDOW}
max_input = {WINDOW - RESERVE}
template = "{TEMPLATE}"
stop = ["{PROMPTER}"]
models = ["{NAME}*", "small-falcon*"]
control_tokens = ["{END}", "{PROMPTER}", "{ASSISTANT}", "<|system|>", "<|prefix_begin|>", "<|prefix_end|>"]

[small-falcon.sampling]
max_tokens = 64
"""
_MADE_BY = (copying_lessons, copying_start, invented_facts, small_falcon_training, small_tokenizer)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares in [0, 1] of questions answered with the right value, and with the right value and passage number."""

    facts: int
    value: float
    value_and_number: float


@dataclass(frozen=True, slots=True)
class SmallFalcon:
    """The model of transformers, its tokenizer, and the folder with `model.gguf`, the same for llama.cpp."""

    model: Any
    tokenizer: Tokenizer
    folder: Path

    @property
    def gguf(self) -> Path:
        return self.folder / "model.gguf"

    def engine(self) -> FalconEngine:
        return FalconEngine(self.model, self.tokenizer, NAME)

    def limits(self) -> Limits:
        return Limits(max_input_tokens=WINDOW - RESERVE, max_total_tokens=WINDOW)

    def save_pretrained(self, folder: Path) -> Path:
        """The model as `from_pretrained` reads it, in a folder below `folder` that bears its name."""
        from transformers import PreTrainedTokenizerFast

        made = folder / NAME.rpartition("/")[2]
        self.model.save_pretrained(made)
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=self.tokenizer, eos_token=END, pad_token=END)
        tokenizer.save_pretrained(made)
        return made

    def complete(self, prompt: str, length: int = 60) -> str:
        """The greedy answer to a prompt in the model's own template."""
        ids = self.tokenizer.encode(TEMPLATE.format(prompt=prompt)).ids
        answer: str = self.tokenizer.decode(greedy(self.model, ids, length))
        return answer

    def accuracy(self, facts: int, questions: int) -> Accuracy:
        """Over prompts with so many facts that were never learnt from, one question each."""
        random = Random(HELD_OUT + facts)
        right = exact = 0
        for _ in range(questions):
            lookup = invent_lookup(random, facts)
            fact = random.choice(tuple(lookup.where))
            answer = self.complete(lookup.prompt(fact))
            right += answer.startswith(fact.statement)
            exact += answer == lookup.answer(fact)
        return Accuracy(facts, right / questions, exact / questions)


def greedy(model: Any, ids: Sequence[int], length: int) -> list[int]:
    """What transformers' `generate` adds to the tokens, the end token left out."""
    import torch

    prompt = torch.tensor([list(ids)])
    end = model.config.eos_token_id
    output = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=length, do_sample=False, pad_token_id=end
    )
    made: list[int] = output[0, len(ids) :].tolist()
    return made[:-1] if made and made[-1] == end else made


def load(cache: Path | None = None) -> SmallFalcon:
    """The model from the cache, trained first where it is not there. `cache` defaults to the user's cache folder."""
    folder = cached_in(cache)
    if not folder.is_dir():
        _make(folder)
    return _read(folder)


def cached_in(cache: Path | None = None) -> Path:
    """Where the model of this code is kept: another recipe has another folder."""
    return (cache or _user_cache()) / f"small-falcon-{_recipe()}"


def is_cached(cache: Path | None = None) -> bool:
    return cached_in(cache).is_dir()


def _recipe() -> str:
    """A hash of what decides the weights: our scripts, and the words of Kestrel's prompt."""
    digest = hashlib.sha256()
    for module in _MADE_BY:
        digest.update(Path(str(module.__file__)).read_bytes())
    lookup = invent_lookup(Random(0), 1)
    digest.update(lookup.prompt(next(iter(lookup.where))).encode())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    if named := os.environ.get("KESTREL_TEST_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "kestrel-tests"


def _make(folder: Path) -> None:
    """Trains into a folder beside and renames it, so that no process ever sees half a model."""
    from safetensors.torch import save_file

    model, tokenizer = train(Course(), _progress())
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as beside:
        made = Path(beside) / "model"
        made.mkdir()
        weights = {name: values for name, values in model.state_dict().items() if name != "lm_head.weight"}  # tied
        save_file(weights, made / "model.safetensors")
        tokenizer.save(str(made / "tokenizer.json"))
        write_falcon(model, tokenizer, made / "model.gguf", NAME)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first with the same
                raise


def _read(folder: Path) -> SmallFalcon:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import FalconForCausalLM

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model: Any = FalconForCausalLM(model_config(tokenizer))
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    model.tie_weights()
    return SmallFalcon(model.eval(), tokenizer, folder)


def _progress() -> Any:
    began, course = time.monotonic(), Course()

    def show(progress: Progress) -> None:
        if progress.step % 100 == 0:
            spent = f"{time.monotonic() - began:.0f} s"
            line = f"small Falcon: step {progress.step} of {course.steps}, {spent}, loss {progress.loss:.3f}"
            print(f"{line}, passage {progress.passage_loss:.3f}", file=sys.stderr, flush=True)

    return show


def main() -> None:
    small = load()
    if sys.argv[1:] == ["train"]:
        return
    print("facts  value  value and number")
    for count in (1, 2, 4, 8, 12, 16, 24, 32):
        found = small.accuracy(count, 100)
        print(f"{count:5}  {found.value:5.0%}  {found.value_and_number:5.0%}", flush=True)


if __name__ == "__main__":
    main()
