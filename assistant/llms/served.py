"""A model behind a server as an `LLM`: what is the same for every protocol."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from assistant.answers import Completion, Likelihood, ModelProfile, Sampling, TokenCount
from assistant.counting import TokenizerFile, cached_tokenizer, estimate
from assistant.errors import LikelihoodsNotTold, ModelMismatch
from assistant.llms.deadline import Deadline, Timeouts
from assistant.llms.event_loop import Iteration, run
from assistant.llms.likelihoods import ReadText, likelihoods_of
from assistant.llms.retrying import with_retries
from assistant.llms.streaming import CompletionStream, Event, answer_events, completed
from assistant.profiles import builtin_profiles, check_same_model, profile_of, served_window


@dataclass(frozen=True, slots=True)
class Options:
    """What may be said besides the address of a model; without a `profile` it is found out from the server.

    `any_model` takes what the server serves without asking whether it is what was asked for.
    """

    profile: ModelProfile | None = None
    tokenizer: Path | None = None
    key: str = field(default="", repr=False)
    timeouts: Timeouts | None = None
    any_model: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """What a server tells of itself: every name of its model, its limits in tokens and the revision of the weights,
    where it tells them.
    """

    names: tuple[str, ...]
    window: int | None = None
    max_input: int | None = None
    revision: str = ""


class Backend(Protocol):
    """One protocol spoken to one server. Each method sends one request and raises `assistant.errors`."""

    url: str
    fallback: str  # name of the profile for a model that none fits; "" where there must be one

    async def identify(self, deadline: Deadline) -> Served: ...

    def generate(
        self, profile: ModelProfile, prompt: str, sampling: Sampling, deadline: Deadline
    ) -> AsyncGenerator[Event]: ...

    async def count(self, text: str, deadline: Deadline) -> int | None:
        """Tokens of the text, None when this server has no way to tell."""
        ...

    async def overhead(self, deadline: Deadline) -> int | None:
        """Tokens that the server's chat template adds to a message, None when it does not tell."""
        ...

    async def read(self, texts: Sequence[str], deadline: Deadline) -> Sequence[ReadText]:
        """A prompt and texts that begin with it, each as the server encodes a prompt. All but the first with the
        likelihood of at least the tokens from the first one on in which any two of them differ.

        Raises `LikelihoodsNotTold` where the server does not tell it.
        """
        ...


class ServedModel:
    """See `assistant.protocols.LLM`."""

    def __init__(self, backend: Backend, options: Options) -> None:
        self._backend = backend
        self._options = options
        self._timeouts = options.timeouts or Timeouts()
        self._lock = threading.Lock()
        self._known: ModelProfile | None = None
        self._served = Served(())
        self._tokenizer: TokenizerFile | None = None
        self._server_counts = True

    @property
    def profile(self) -> ModelProfile:
        return self._identified(Deadline(self._timeouts))

    @property
    def identity(self) -> tuple[str, ...]:
        """Which model answers, and where: the address, every name that the server gives it, and its revision."""
        self._identified(Deadline(self._timeouts))
        return (self._backend.url, *self._served.names, self._served.revision)

    def complete(self, prompt: str, sampling: Sampling | None = None) -> Completion:
        return completed(self.stream(prompt, sampling))

    def stream(self, prompt: str, sampling: Sampling | None = None) -> CompletionStream:
        deadline = Deadline(self._timeouts)
        profile = self._identified(deadline)
        drawn = sampling or profile.sampling

        def attempt(deadline: Deadline) -> AsyncGenerator[Event]:
            return self._backend.generate(profile, prompt, drawn, deadline)

        return CompletionStream(Iteration(answer_events(attempt, profile.stop, deadline, self._backend.url)))

    def count(self, text: str) -> TokenCount:
        if not text:
            return TokenCount(0, exact=True)
        deadline = Deadline(self._timeouts)
        self._identified(deadline)
        if self._tokenizer is not None:
            return self._tokenizer.count(text)
        if self._server_counts:
            tokens = run(with_retries(lambda: self._backend.count(text, deadline), deadline))
            if tokens is not None:
                return TokenCount(tokens, exact=True)
            self._server_counts = False
        return estimate(text)

    def likelihoods(self, prompt: str, continuations: Sequence[str]) -> tuple[Likelihood, ...]:
        """See `assistant.protocols.Weighing`. The time limits hold for each continuation."""
        texts = [prompt, *(prompt + continuation for continuation in continuations)]
        deadline = Deadline(replace(self._timeouts, total=self._timeouts.total * len(texts)))
        profile = self._identified(deadline)
        if not profile.template:
            raise LikelihoodsNotTold(
                f"The profile {profile.name!r} leaves the chat template to {self._backend.url}, so the text before an "
                "answer is not known.",
                "Name a profile with a template.",
            )
        alone, *whole = run(with_retries(lambda: self._backend.read(texts, deadline), deadline))
        return likelihoods_of(alone, whole, self._backend.url)

    @property
    def counts_locally(self) -> bool:
        self._identified(Deadline(self._timeouts))
        return self._tokenizer is not None or not self._server_counts

    def _identified(self, deadline: Deadline) -> ModelProfile:
        with self._lock:
            if self._known is None:
                served = run(with_retries(lambda: self._backend.identify(deadline), deadline))
                profile, self._served = self._resolve(served), served
                if not profile.template:
                    added = run(with_retries(lambda: self._backend.overhead(deadline), deadline))
                    profile = replace(profile, overhead=profile.overhead if added is None else added)
                self._tokenizer = _tokenizer(self._options, profile)
                self._known = self._tokenizer.describe(profile) if self._tokenizer else profile
            return self._known

    def _resolve(self, served: Served) -> ModelProfile:
        profile = self._options.profile
        if profile is None:
            profile = self._found(served)
        elif not self._options.any_model:
            check_same_model(profile, served.names, self._backend.url)
        return served_window(profile, served.window, served.max_input)

    def _found(self, served: Served) -> ModelProfile:
        known = builtin_profiles()
        for name in served.names:
            if profile := profile_of(name, known.values()):
                return profile
        if self._backend.fallback:
            return known[self._backend.fallback]
        raise ModelMismatch(
            f"{self._backend.url} serves {' or '.join(map(repr, served.names)) or 'a model'}, which no profile fits.",
            f"Ask for one of {', '.join(known)}, or for a file of your own.",
        )


def _tokenizer(options: Options, profile: ModelProfile) -> TokenizerFile | None:
    if options.tokenizer is not None:
        return TokenizerFile(options.tokenizer, profile.control_tokens)
    return cached_tokenizer(profile)
