"""Any arm with a language model, asked besides how likely it holds each choice of a question.

What is weighed is the text of a choice after the prompt that the arm sends for the question without its choices: with
lettered choices before it, a model expects a letter. Passages are then found for the question alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import opened_model
from assistant.errors import LikelihoodsNotTold
from assistant.protocols import Weighing
from eval.samples import Question, Reply
from eval.variants.setup import Arm, Attempt, Setup, Variant

if TYPE_CHECKING:
    from assistant.protocols import LLM

_NO_MODEL = "The embedded answerer is no language model, and holds nothing likely or unlikely."
_CANNOT = "This kind of model does not tell how likely a given text is."
_PROBE = ("A", [" B"])  # a prompt and a continuation, to find out whether a server tells


def open_weighed(arm: Arm, setup: Setup, opener: Callable[[Arm, Setup], Variant]) -> WeighedVariant:
    """The arm that `opener` opens; the model that it asks is opened once for both."""
    if arm.variant.startswith("fine_tuned"):
        model = opened_model(setup.fine_tuned) if setup.fine_tuned is not None else None
        setup = replace(setup, fine_tuned=model)
    else:
        model = opened_model(setup.llm)
        setup = replace(setup, llm=model)
    asked = None if isinstance(model, str) or arm.variant == "extractive" else model
    return WeighedVariant(opener(arm, setup), asked)


class WeighedVariant:
    """`inner`, and the likelihoods of choices; `llm` is the model that it asks, None where it asks none."""

    def __init__(self, inner: Variant, llm: LLM | None) -> None:
        self._inner = inner
        self._llm = llm
        self._weigher: Weighing | None = llm if llm is not None and isinstance(llm, Weighing) else None
        self._lock = threading.Lock()
        self._reason: str | None = None

    def prepare(self, question: Question) -> Attempt:
        """Asks the server once whether it tells likelihoods: a run that goes on with another answer asks anew."""
        attempt = self._inner.prepare(question)
        if not question.choices:
            return attempt
        if reason := self._why_not():
            shape = {**attempt.shape, "unweighed": reason}
            return replace(attempt, shape=shape, answer=lambda: replace(attempt.answer(), unweighed=reason))
        asked = self._inner.prepare(question.opened())
        prompt: str = asked.shape["prompt"]
        joint = joint_of(prompt, self._llm.profile.control_tokens if self._llm else ())
        continuations = [joint + choice for choice in question.choices]
        return Attempt(
            {**attempt.shape, "weighed": [prompt, *continuations]},
            self._weighing(attempt.answer, prompt, continuations),
            attempt.prompt_tokens + len(continuations) * asked.prompt_tokens,
            attempt.requests + len(continuations),
        )

    def close(self) -> None:
        self._inner.close()

    def _why_not(self) -> str:
        """Why the model cannot be asked; "" where it can."""
        with self._lock:
            if self._reason is None:
                self._reason = _NO_MODEL if self._llm is None else _reason(self._weigher)
            return self._reason

    def _weighing(self, answer: Callable[[], Reply], prompt: str, continuations: Sequence[str]) -> Callable[[], Reply]:
        weigher = self._weigher
        assert weigher is not None

        def weighed() -> Reply:
            reply = answer()
            return reply if reply.error else replace(reply, likelihoods=weigher.likelihoods(prompt, continuations))

        return weighed


def joint_of(prompt: str, control_tokens: Sequence[str]) -> str:
    """A space, unless the prompt ends with one or with a control token, after which a model's answer begins at once."""
    ended = prompt[-1:].isspace() or any(prompt.endswith(token) for token in control_tokens if token)
    return "" if ended else " "


def _reason(weigher: Weighing | None) -> str:
    if weigher is None:
        return _CANNOT
    try:
        weigher.likelihoods(*_PROBE)
    except LikelihoodsNotTold as error:
        return str(error)
    return ""
