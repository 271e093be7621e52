"""A model that says what it was told to say: for tests, for trials without a model, and to replay recorded answers.

`scripted:FILE` reads a JSON array of texts and gives them in turn.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assistant.answers import Completion, ModelProfile, Sampling, TokenCount
from assistant.counting import TokenizerFile, estimate
from assistant.llms.served import Options
from assistant.llms.streaming import CompletionStream, Event, completed
from assistant.profiles import profile_named
from assistant.protocols import LLM
from ingest.errors import UsageError

Reply = str | Completion | Exception


class ScriptedModel:
    """See `assistant.protocols.LLM`. `replies` are given in turn, or made from the prompt by a function.

    A `Completion` is given as it is (to play an answer that is cut off); an exception is raised. `prompts` holds what
    was asked.
    """

    def __init__(
        self,
        replies: Iterable[Reply] | Callable[[str], Reply],
        profile: ModelProfile | None = None,
        tokenizer: TokenizerFile | None = None,
    ) -> None:
        described = profile or profile_named("plain")
        self.profile = tokenizer.describe(described) if tokenizer else described
        self.identity: tuple[str, ...] = ("scripted", self.profile.name)
        self.counts_locally = True
        self.prompts: list[str] = []
        self._count = tokenizer.count if tokenizer else estimate
        self._lock = threading.Lock()
        self._reply = replies if callable(replies) else _in_turn(replies)

    def complete(self, prompt: str, sampling: Sampling | None = None) -> Completion:
        return completed(self.stream(prompt, sampling))

    def stream(self, prompt: str, sampling: Sampling | None = None) -> CompletionStream:
        with self._lock:
            self.prompts.append(prompt)
            reply = self._reply(prompt)
        return CompletionStream(_events(reply, sampling or self.profile.sampling))

    def count(self, text: str) -> TokenCount:
        return self._count(text)


def open_scripted(path: str, options: Options) -> LLM:
    """A model that gives the texts of a JSON array in turn."""
    try:
        replies = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path!r} holds no scripted answers: {error}.", "Give a JSON array of texts.") from error
    if not isinstance(replies, list) or not all(isinstance(reply, str) for reply in replies):
        raise UsageError(f"{path!r} is not a JSON array of texts.")
    profile = profile_named(options.profile) if isinstance(options.profile, str) else options.profile
    tokenizer = (
        TokenizerFile(options.tokenizer, profile.control_tokens if profile else ()) if options.tokenizer else None
    )
    return ScriptedModel(replies, profile, tokenizer)


def _in_turn(replies: Iterable[Reply]) -> Callable[[str], Reply]:
    turns = iter(replies)

    def reply(_prompt: str) -> Reply:
        try:
            return next(turns)
        except StopIteration:
            raise UsageError("The scripted model has no answer left.", "Give it one for each prompt.") from None

    return reply


def _events(reply: Reply, sampling: Sampling) -> Iterator[Event]:
    """Word by word, as many as `max_tokens` allows; a word stands for a token."""
    if isinstance(reply, Exception):
        raise reply
    whole = reply if isinstance(reply, Completion) else Completion(reply, "stop")
    words = re.findall(r"\s*\S+|\s+$", whole.text)
    shown = words[: sampling.max_tokens]
    yield from shown
    if len(shown) < len(words):
        whole = Completion("".join(shown), "length", output_tokens=len(shown))
    yield whole
