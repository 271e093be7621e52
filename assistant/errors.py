"""What can go wrong with a language model's server. All of them are `ingest.errors.ModelError`.

ModelError                     exit code  tries
├── ModelUnreachable           5          3      refused, no such host, connection broken before the first token
├── ModelOverloaded            5          3      429, 503; `retry_after` seconds where the server says so
├── ModelServerFailed          5          3      500, 502, 504, or a stream that ended without a single token
│   └── GenerationFailed       5          2      424: the model itself failed on this request
├── ModelTimeout               5          1      nothing came within the time limit
├── ModelAccessDenied          5          1      401, 403
├── ModelRequestRejected       5          1      400, 404, 413, 422, …: the same request would fail again
│   └── PromptOverflow         6          1      the prompt is too long for the served window
├── NotAModelServer            5          1      something answers there, but it does not speak the protocol
├── LikelihoodsNotTold         2          1      this server does not tell how likely a given text is
└── ModelMismatch              2          1      another model is served than the one asked for

A stream that breaks after its first token raises none of them: what came is a `Completion` whose `finish` is
"incomplete" and whose `problem` says why.
"""

from __future__ import annotations

from typing import ClassVar

from ingest.errors import ModelError


class ServedModelError(ModelError):
    """Common to all kinds. `status` is the HTTP status, 0 where there was none; `attempts` how often it was tried."""

    tries: ClassVar[int] = 1  # requests that may be made in all before this error is given up on
    retry_after: float | None = None  # seconds that the server asks to wait

    def __init__(self, message: str, remedy: str = "", *, status: int = 0) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.attempts = 1

    def __str__(self) -> str:
        tried = f"(Tried {self.attempts} times.)" if self.attempts > 1 else ""
        return " ".join(part for part in (self.message, tried, self.remedy) if part)


class ModelUnreachable(ServedModelError):
    """No connection, or it broke before the first token."""

    tries = 3


class ModelOverloaded(ServedModelError):
    """The server has no room for the request now."""

    tries = 3


class ModelServerFailed(ServedModelError):
    """The server says that it failed, or closed the stream without a single token."""

    tries = 3


class GenerationFailed(ModelServerFailed):
    """The model failed while it worked on this request; a second failure is taken as final."""

    tries = 2


class ModelTimeout(ServedModelError):
    """Nothing came within the time limit. Not tried again: the limit is the caller's."""


class ModelAccessDenied(ServedModelError):
    """The server wants another key, or none of ours may use this model."""


class ModelRequestRejected(ServedModelError):
    """The server refuses the request as it is."""


class PromptOverflow(ModelRequestRejected):
    """The prompt exceeds the served window: `given` and `limit` are tokens, None where the server does not tell."""

    exit_code = 6

    def __init__(self, message: str, remedy: str = "", *, status: int = 0) -> None:
        super().__init__(message, remedy, status=status)
        self.given: int | None = None
        self.limit: int | None = None


class NotAModelServer(ServedModelError):
    """What answers at the address does not speak the protocol: a login page, another service, broken events."""


class LikelihoodsNotTold(ServedModelError):
    """The server answers, but does not tell how likely a given text is, or not as it was started."""

    exit_code = 2


class ModelMismatch(ServedModelError):
    """The server serves another model than the one asked for; the message names both."""

    exit_code = 2
