"""One answer, token by token, until TGI's stopping criteria end it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tests.support.tgi_server.detokenising import Detokeniser
from tests.support.tgi_server.engine import Decoding, Engine
from tests.support.tgi_server.sampling import Chooser, Vector, best
from tests.support.tgi_server.validation import ValidRequest

FinishReason = Literal["length", "eos_token", "stop_sequence"]
REMEMBERED = 300  # characters that stop sequences are looked for in


@dataclass(frozen=True, slots=True)
class Token:
    id: int
    text: str
    logprob: float
    special: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A token that was generated, with the likeliest ones in its place; `finish` on the last."""

    token: Token
    top_tokens: tuple[Token, ...] = ()
    finish: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """A finished answer. `text` is decoded without special tokens; `seed` is None for a greedy one."""

    request: ValidRequest
    steps: tuple[Step, ...]
    text: str
    finish: FinishReason
    seed: int | None
    prefill: tuple[Token, ...] = field(default=())

    @property
    def mean_logprob(self) -> float:
        return float(np.mean([step.token.logprob for step in self.steps]))


class Stopping:
    """When an answer ends: first by its length, then by the end token, then by a stop sequence that it ends with."""

    def __init__(self, request: ValidRequest, end: int) -> None:
        self._length = request.length
        self._end = end
        self._stops = [re.compile(f"{re.escape(stop)}$") for stop in request.stop]
        self._count = 0
        self._text = ""

    def after(self, token: int, text: str) -> FinishReason | None:
        self._count += 1
        if self._count >= self._length:
            return "length"
        if token == self._end:
            return "eos_token"
        self._text = (self._text + text)[-REMEMBERED:]
        return "stop_sequence" if any(stop.search(self._text) for stop in self._stops) else None


def steps(engine: Engine, request: ValidRequest) -> Iterator[Step]:
    """The tokens of an answer. The prompt is read when the first is asked for."""
    decoding = engine.begin(request.tokens)
    chooser = Chooser(request.warping, request.seed)
    detokeniser = Detokeniser(engine.tokenizer, request.tokens)
    stopping = Stopping(request, engine.end)
    tokens = list(request.tokens)
    finish = None
    while finish is None:
        token, top, logprobs = _next(decoding, chooser, tokens, request.top_n_tokens)
        text = detokeniser.push(token)
        finish = stopping.after(token, text)
        chosen = Token(token, text, float(logprobs[token]), is_special(engine, token))
        alternatives = tuple(described(engine, other, float(logprobs[other])) for other in top)
        yield Step(chosen, alternatives, finish)
        tokens.append(token)
        if finish is None:
            decoding.append(token)


def generation(engine: Engine, request: ValidRequest, made: Sequence[Step]) -> Generation:
    """The steps of a whole answer put together."""
    finish = made[-1].finish
    if finish is None:
        raise ValueError("the last step does not end the answer")
    text = engine.tokenizer.decode([step.token.id for step in made], skip_special_tokens=True)
    seed = request.seed if request.warping.sample else None
    return Generation(request, tuple(made), text, finish, seed)


def prefill(engine: Engine, request: ValidRequest) -> tuple[Token, ...]:
    """The tokens of the prompt with their log-probabilities; that of the first is not a number."""
    logprobs = [float("nan"), *engine.logprobs(request.tokens)]
    return tuple(described(engine, token, value) for token, value in zip(request.tokens, logprobs, strict=True))


def described(engine: Engine, token: int, logprob: float) -> Token:
    return Token(token, engine.tokenizer.decode([token], skip_special_tokens=False), logprob, is_special(engine, token))


def is_special(engine: Engine, token: int) -> bool:
    added = engine.tokenizer.get_added_tokens_decoder().get(token)
    return added is not None and added.special


def _next(decoding: Decoding, chooser: Chooser, tokens: Sequence[int], top_n: int) -> tuple[int, list[int], Vector]:
    token, logprobs = chooser.choose(decoding.logits, tokens)
    return token, best(logprobs, top_n), logprobs
