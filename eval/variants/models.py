"""Served models as arms use them: opened once, named beyond doubt, asked with a prompt."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.answers import Completion, Sampling
from eval.samples import Reply
from eval.variants.setup import Arm, Attempt
from ingest.errors import UsageError

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from eval.samples import Question


def opened(llm: str | LLM | None, arm: Arm) -> LLM:
    """The served model. Raises `UsageError` where only the extractive answerer was given, which takes no prompt."""
    from assistant.answering import opened_model

    model = opened_model(llm) if llm is not None else "extractive"
    if isinstance(model, str):
        flag = "--fine-tuned" if arm.variant.startswith("fine_tuned") else "--llm"
        raise UsageError(
            f"The arm {arm.name!r} needs a language model, which the extractive answerer is not.",
            f"Name a model server with {flag}, or compare extractive arms: extractive:k=5,extractive:k=20.",
        )
    return model


def identity(llm: LLM) -> list[str]:
    """Address, names and revision as its server tells them, and the profile by which it is used."""
    told = llm.identity
    profile = llm.profile
    return [*told, profile.name, profile.template, str(profile.window)]


def shape(llm: LLM, prompt: str, sampling: Sampling) -> dict[str, Any]:
    """Everything that shapes what a model answers to a prompt."""
    return {"model": identity(llm), "prompt": prompt, "sampling": asdict(sampling)}


def attempt(arm: Arm, question: Question, llm: LLM, prompt: str) -> Attempt:
    """A prompt that goes to the model as it is: templates are filled here."""
    from assistant.prompts import fill

    sampling = llm.profile.sampling
    text = fill(llm.profile.template, prompt)

    def answer() -> Reply:
        started = time.perf_counter()
        first: float | None = None
        stream = llm.stream(text, sampling)
        try:
            for _ in stream:
                first = first if first is not None else time.perf_counter() - started
        finally:
            stream.close()
        return reply_of(arm, question, text, stream.completion, (time.perf_counter() - started, first), llm)

    return Attempt(shape(llm, text, sampling), answer, llm.count(text).tokens)


def reply_of(
    arm: Arm,
    question: Question,
    prompt: str,
    completion: Completion,
    seconds: tuple[float, float | None],
    llm: LLM,
) -> Reply:
    """What came back to a bare prompt; the sentence that the model was told to refuse with is an abstention."""
    from assistant.refusing import refuses

    text = completion.text.strip()
    return Reply(
        key="",
        arm=arm.name,
        question=question.id,
        text=text,
        abstained=refuses(text) or not text,
        finish=completion.finish,
        prompt_tokens=completion.prompt_tokens or llm.count(prompt).tokens,
        output_tokens=completion.output_tokens or llm.count(completion.text).tokens,
        seconds=seconds[0],
        first_token=seconds[1],
        model=llm.profile.name,
        prompt_sha256=hashlib.sha256(prompt.encode(errors="surrogatepass")).hexdigest(),
        error=completion.problem if completion.finish == "incomplete" else "",
    )
