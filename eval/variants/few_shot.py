"""The bare model with an instruction, a hint and worked examples that give their reason before the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.control_tokens import neutralise
from eval.variants.documents import with_choices
from eval.variants.models import opened
from eval.variants.prompting import INSTRUCTIONS, Prompting
from eval.variants.settings import checked, positive
from eval.variants.setup import Arm, Setup
from ingest.errors import UsageError

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from eval.samples import Question

EXAMPLES = 4
HINT = "Hint: think of the exact name, number or date that is asked for. Worked examples:"


def open_few_shot(arm: Arm, setup: Setup) -> FewShot:
    """`examples=N` of them, 4 by default. Raises `UsageError` where the question set keeps none for training."""
    number = checked(arm, {"examples": positive}).get("examples", EXAMPLES)
    worked = [question for question in setup.examples if question.answers or question.choices][:number]
    if not worked:
        raise UsageError(
            f"The arm {arm.name!r} needs worked examples, and the question set has none.",
            'Mark some questions with "part": "train"; they are not asked then.',
        )
    return FewShot(arm, opened(setup.llm, arm), worked)


class FewShot(Prompting):
    """`worked` are shown before every question, in their order."""

    def __init__(self, arm: Arm, llm: LLM, worked: list[Question]) -> None:
        super().__init__(arm, llm)
        self._worked = worked

    def instructions(self, question: Question) -> str:
        control = self._llm.profile.control_tokens
        worked = [example for example in self._worked if example.id != question.id]
        alike = worked if question.choices else [example.opened() for example in worked]
        shown = [neutralise(_worked(example), control) for example in alike]
        return "\n\n".join([INSTRUCTIONS, HINT, *shown])


def _worked(example: Question) -> str:
    """The reason is where the answer stands: the sentence of its context that holds it, or its source."""
    answer = example.answer or example.answers[0]
    lines = [f"Question: {with_choices(example)}"]
    if reason := _reason(example):
        lines.append(f"Reason: {reason}")
    return "\n".join([*lines, f"Answer: {answer}"])


def _reason(example: Question) -> str:
    answer = example.answers[0] if example.answers else ""
    place = example.context.find(answer) if answer else -1
    if place >= 0:
        start = example.context.rfind(". ", 0, place) + 1
        end = example.context.find(". ", place + len(answer))
        return " ".join(example.context[start : end + 1 if end >= 0 else len(example.context)].split())
    return f"{example.source} says so." if example.source else ""
