"""An answer that was kept, and what a person thought of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from assistant.answers import Answer

Verdict = Literal[
    "good",
    "wrong",  # it says what is not so
    "citation",  # it is right, and the place that it names is not the one
    "missing",  # the documents hold an answer, and it was not found, or not all of it
]
VERDICTS: tuple[str, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Run:
    """One answer with its name `id` (8 hexadecimal digits) and the time `asked`, in seconds since the epoch.

    `settings` are what it was asked with: flags of the command line by their names, never a key, and the conversation
    that it is a part of. `verdict` is "" until a person gave one, with a `reason` in free words.
    """

    id: str
    asked: float
    answer: Answer
    settings: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | Literal[""] = ""
    reason: str = ""
