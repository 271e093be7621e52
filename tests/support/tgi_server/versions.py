"""What each release of text-generation-inference speaks: a release number, asked for what it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KNOWN = ("0.9.2", "1.0.3", "3.3.7")  # FalconLite, FalconLite2, the last release; any other number works as well
Length = Literal["twenty", "hundred", "fill"]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release of TGI. Every property says from which tag on it holds, read from router/src over all tags."""

    release: tuple[int, int, int]

    @classmethod
    def parse(cls, number: str) -> Version:
        """Raises `ValueError` unless `number` is of the form 1.0.3."""
        major, minor, patch = (int(part) for part in number.split("."))
        return cls((major, minor, patch))

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.release)

    @property
    def has_tokenize(self) -> bool:
        return self.release >= (1, 4, 0)

    @property
    def has_chat(self) -> bool:
        return self.release >= (1, 4, 0)

    @property
    def has_completions(self) -> bool:
        return self.release >= (1, 4, 4)

    @property
    def has_models(self) -> bool:
        """/v1/models, /chat_tokenize and --api-key."""
        return self.release >= (2, 3, 0)

    @property
    def invocations_take_chat(self) -> bool:
        return self.release >= (2, 4, 0)

    @property
    def has_top_n_tokens(self) -> bool:
        return self.release >= (1, 0, 3)

    @property
    def has_frequency_penalty(self) -> bool:
        return self.release >= (1, 4, 1)

    @property
    def space_after_data(self) -> bool:
        """`data: {` of axum 0.7 instead of `data:{` of axum 0.6."""
        return self.release >= (2, 1, 0)

    @property
    def numbers_events(self) -> bool:
        """Stream events carry `index`; answers carry x-prompt-tokens; absent `parameters` sample."""
        return self.release >= (1, 4, 0)

    @property
    def tells_input_length(self) -> bool:
        return self.release >= (2, 3, 0)

    @property
    def computes_in_seconds(self) -> bool:
        """x-compute-time as seconds with a fraction, before that as whole milliseconds."""
        return self.release >= (1, 4, 3)

    @property
    def renamed_input_limit(self) -> bool:
        """/info says max_input_tokens instead of max_input_length."""
        return self.release >= (2, 1, 0)

    @property
    def length_may_be_null(self) -> bool:
        return self.release >= (1, 1, 1)

    @property
    def default_length(self) -> Length:
        """What an absent max_new_tokens means. Between 1.2.0 and 1.3.4 nobody looked; taken as filling up."""
        if self.release <= (1, 1, 0):
            return "twenty"
        return "hundred" if (1, 3, 4) <= self.release < (3, 0, 0) else "fill"

    @property
    def full_text_without_tag(self) -> bool:
        """POST / without return_full_text gives the prompt back where the model's pipeline tag is unknown."""
        return self.release >= (3, 0, 0)

    @property
    def prefill_needs_flag(self) -> bool:
        return self.release >= (3, 0, 0)

    @property
    def ends_with_done(self) -> bool:
        return self.release >= (2, 2, 0)
