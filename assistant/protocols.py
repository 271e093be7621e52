"""What can be plugged in above the knowledge base. `tests/contracts/` holds a suite for each protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from assistant.answers import Completion, Likelihood, ModelProfile, Sampling, TokenCount


class TextStream(Iterator[str], Protocol):
    """An answer piece by piece. Closing it, or dropping it, cancels the request."""

    @property
    def completion(self) -> Completion:
        """The whole answer, once the stream is exhausted or closed; before that it raises `RuntimeError`.

        Its text is what counts: a server may mend its last pieces in the final event.
        """
        ...

    def close(self) -> None: ...


class LLM(Protocol):
    """A language model with a window. Its methods may be called from any thread, and block."""

    @property
    def profile(self) -> ModelProfile:
        """Found out from the server at the first use, with the window that it really serves.

        Raises `ingest.errors.ModelError` kinds: not there, another model than the one asked for.
        """
        ...

    def complete(self, prompt: str, sampling: Sampling | None = None) -> Completion:
        """`stream`, read to its end."""
        ...

    def stream(self, prompt: str, sampling: Sampling | None = None) -> TextStream:
        """`prompt` is sent as it stands where the profile has a template (apply it first), else as the user's message.

        `sampling` defaults to the profile's. Errors (`assistant.errors`) are raised by the first `next()` at the
        latest; once a piece has come, a failure ends the stream and makes its completion "incomplete".
        """
        ...

    def count(self, text: str) -> TokenCount:
        """Tokens that the served model makes of `text`, control tokens in it counted as such, none added."""
        ...

    @property
    def identity(self) -> tuple[str, ...]:
        """Where the model is, then every name it goes by and the revision of its weights, where they are told."""
        ...

    @property
    def counts_locally(self) -> bool:
        """Whether `count` sends no request: then counting hundreds of pieces costs nothing to speak of."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """What some language models can do besides: tell how likely given continuations are."""

    def likelihoods(self, prompt: str, continuations: Sequence[str]) -> tuple[Likelihood, ...]:
        """Of each continuation, set after `prompt` with nothing between them; the template is applied first.

        Nothing is drawn, so no sampling shapes it. Raises `assistant.errors.LikelihoodsNotTold` where the server does
        not tell them, and the other errors of a request.
        """
        ...
