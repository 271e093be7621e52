"""The bare model, closed book: what it answers from what it was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assistant.control_tokens import neutralise
from eval.variants.documents import with_choices
from eval.variants.models import attempt, opened
from eval.variants.settings import checked
from eval.variants.setup import Arm, Attempt, Setup

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from eval.samples import Question

INSTRUCTIONS = """\
Answer the question at the end in as few words as possible.
If you do not know the answer, write only: The documents do not answer this."""


def closed_book(question: Question, control: Iterable[str], instructions: str = INSTRUCTIONS) -> str:
    """The prompt without a passage, before the model's template; `control` are the model's control tokens."""
    return f"{instructions}\n\nQuestion: {neutralise(with_choices(question), control).strip()}\nAnswer:"


def open_prompting(arm: Arm, setup: Setup) -> Prompting:
    checked(arm, {})
    return Prompting(arm, opened(setup.llm, arm))


class Prompting:
    """Instructions and the question; a subclass says more before it."""

    def __init__(self, arm: Arm, llm: LLM) -> None:
        self._arm = arm
        self._llm = llm

    def prepare(self, question: Question) -> Attempt:
        prompt = closed_book(question, self._llm.profile.control_tokens, self.instructions(question))
        return attempt(self._arm, question, self._llm, prompt)

    def instructions(self, question: Question) -> str:
        """What stands before the question."""
        return INSTRUCTIONS

    def close(self) -> None:
        """Nothing is open."""
