"""What TGI's router checks before it queues a request, in its order and its words (router/src/validation.rs)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.tgi_server.failures import Failure, invalid
from tests.support.tgi_server.limits import Limits
from tests.support.tgi_server.parameters import Parameters, TextRequest
from tests.support.tgi_server.sampling import Warping
from tests.support.tgi_server.versions import Version

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST_FILL = 1024  # DEFAULT_GENERATION_LENGTH: what a request without a length is checked with, from 3.0.0 on


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """A request that may run. `length` is the most tokens it may generate; `tokens` are already truncated."""

    inputs: str
    tokens: tuple[int, ...]
    length: int
    stop: tuple[str, ...]
    warping: Warping
    seed: int
    top_n_tokens: int
    decoder_input_details: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """Checks requests for one server."""

    tokenizer: Tokenizer
    limits: Limits
    version: Version

    def check_stream(self, parameters: Parameters) -> None:
        """What streams cannot do; looked at before the place in the queue. Raises `Failure`."""
        if (parameters.best_of or 1) != 1:
            raise invalid("`best_of` != 1 is not supported when streaming tokens")
        if parameters.decoder_input_details:
            raise invalid("`decoder_input_details` == true is not supported when streaming tokens")

    def check_best_of(self, best_of: int) -> None:
        """Raises `Failure`."""
        if self.limits.max_best_of == 1 and best_of != 1:
            raise invalid("`best_of` != 1 is not allowed for this endpoint")
        if best_of > self.limits.max_best_of:
            raise invalid(f"`best_of` must be > 0 and <= {self.limits.max_best_of}. Given: {best_of}")

    def validate(self, request: TextRequest) -> ValidRequest:
        """Raises `Failure` 422 with the first thing that is wrong."""
        parameters = request.parameters
        warping = _warping(parameters)
        self._check_stopping(parameters)
        seed = self._seed(parameters)
        self._check_inputs(request)
        tokens, length = self._fitted(request)
        self._check_grammar(parameters)
        return ValidRequest(
            request.inputs,
            tokens,
            length,
            parameters.stop,
            warping,
            seed,
            parameters.top_n_tokens or 0,
            parameters.decoder_input_details,
        )

    def _check_stopping(self, parameters: Parameters) -> None:
        if parameters.max_new_tokens == 0:
            raise invalid("`max_new_tokens` must be strictly positive")
        if len(parameters.stop) > (most := self.limits.max_stop_sequences):
            raise invalid(f"`stop` supports up to {most} stop sequences. Given: {len(parameters.stop)}")

    def _seed(self, parameters: Parameters) -> int:
        if parameters.seed is None:
            return secrets.randbits(64)
        if (parameters.best_of or 1) > 1:
            raise invalid("`seed` must not be set when `best_of` > 1")
        return parameters.seed

    def _check_inputs(self, request: TextRequest) -> None:
        top_n, most = request.parameters.top_n_tokens or 0, self.limits.max_top_n_tokens
        if top_n > most:
            raise invalid(f"`top_n_tokens` must be >= 0 and <= {most}. Given: {top_n}")
        if not request.inputs:
            raise invalid("`inputs` cannot be empty")
        truncate, longest = request.parameters.truncate, self.limits.max_input_tokens
        if truncate is not None and not 0 < truncate <= longest:
            raise invalid(f"`truncate` must be strictly positive and less than {longest}. Given: {truncate}")

    def _fitted(self, request: TextRequest) -> tuple[tuple[int, ...], int]:
        """The tokens that are kept and the length to generate, if they fit: the sum is checked before the input."""
        ids = self.tokenizer.encode(request.inputs).ids
        if request.parameters.truncate is not None:
            ids = ids[-request.parameters.truncate :]
        given, room = len(ids), max(0, self.limits.max_total_tokens - len(ids))
        asked = request.parameters.max_new_tokens
        checked = min(room, LONGEST_FILL) if asked is None else self._checked(asked)
        if given + checked > (most := self.limits.max_total_tokens):
            raise invalid(
                f"`inputs` tokens + `max_new_tokens` must be <= {most}. "
                f"Given: {given} `inputs` tokens and {checked} `max_new_tokens`"
            )
        if given > (most := self.limits.max_input_tokens):
            raise invalid(f"`inputs` must have less than {most} tokens. Given: {given}")
        return tuple(ids), room if asked is None else min(asked, room)

    def _checked(self, asked: int) -> int:
        """From 3.0.0 on a longer generation is queued again every 1,024 tokens and may end at the window."""
        return min(asked, LONGEST_FILL) if self.version.release >= (3, 0, 0) else asked

    def _check_grammar(self, parameters: Parameters) -> None:
        if parameters.grammar is not None:  # as a server that was started with --disable-grammar-support
            raise invalid("grammar is not supported")


def _warping(parameters: Parameters) -> Warping:
    """Raises `Failure` for values outside of what sampling can do."""
    warping = Warping.of(parameters)
    if (parameters.best_of or 1) > 1 and not warping.asked_to_sample(parameters):
        raise invalid("you must use sampling when `best_of` is > 1")
    for problem in _problems(parameters):
        raise problem
    return warping


def _problems(parameters: Parameters) -> list[Failure]:
    checks = [
        (_positive(parameters.temperature), "`temperature` must be strictly positive"),
        (_positive(parameters.repetition_penalty), "`repetition_penalty` must be strictly positive"),
        (_within(parameters.frequency_penalty), "`frequency_penalty` must be >= -2.0 and <= 2.0"),
        (_share(parameters.top_p), "`top_p` must be > 0.0 and < 1.0"),
        (_share(parameters.typical_p), "`typical_p` must be > 0.0 and < 1.0"),
        (_positive(parameters.top_k), "`top_k` must be strictly positive"),
    ]
    return [invalid(message) for fine, message in checks if not fine]


def _positive(value: float | None) -> bool:
    return value is None or value > 0


def _within(value: float | None) -> bool:
    return value is None or -2.0 <= value <= 2.0


def _share(value: float | None) -> bool:
    return value is None or 0.0 < value < 1.0
