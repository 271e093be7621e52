"""What can be plugged in above the knowledge base. `tests/contracts/` holds a suite for each protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from assistant.answers import Completion, ModelProfile, Sampling, TokenCount


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
