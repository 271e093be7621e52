"""What an arm is made from: the knowledge base and models that arms share, and the settings that are its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eval.samples import Question, Reply
from ingest.errors import UsageError

if TYPE_CHECKING:
    from assistant.protocols import LLM


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of answering: a variant with settings, written "rag:k=8:budget=4000". `name` is how it was written."""

    name: str
    variant: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Arm:
        """Raises `UsageError` for a setting without a value or given twice."""
        variant, *pairs = text.strip().split(":")
        settings: dict[str, str] = {}
        for pair in pairs:
            key, separator, value = pair.partition("=")
            if not separator or not value or key in settings:
                raise UsageError(f"{pair!r} in the arm {text!r} is no setting.", "Write rag:k=8:budget=4000.")
            settings[key] = value
        return cls(text.strip(), variant, settings)


@dataclass(frozen=True, slots=True)
class Setup:
    """What all arms share. `llm` is "extractive", a model server's specification, or an open model; `fine_tuned` is the
    same model after fine-tuning. `examples` are worked questions for `few_shot`. With `likelihoods`, arms are asked
    besides how likely their model holds each choice of a question (`eval.variants.weighed`). `tokenizer` is the file by
    which the embedded answerer's budget is counted; None for an estimate that is never too low.
    """

    kb: Path
    llm: str | LLM = "extractive"
    fine_tuned: str | LLM | None = None
    examples: tuple[Question, ...] = ()
    likelihoods: bool = False
    tokenizer: Path | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A question made ready to be answered. `shape` is JSON of everything that will shape the answer, so that an
    answer that is there already is known before anything is sent; `answer` answers, and leaves `Reply.key` empty.
    `shape["prompt"]` is the whole prompt where a language model is asked. `prompt_tokens` are of all `requests`.
    """

    shape: Mapping[str, Any]
    answer: Callable[[], Reply]
    prompt_tokens: int = 0  # that will be sent
    requests: int = 1


class Variant(Protocol):
    """A way of answering questions. Its methods are called from several threads."""

    def prepare(self, question: Question) -> Attempt: ...

    def close(self) -> None: ...
