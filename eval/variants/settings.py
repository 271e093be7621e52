"""The settings of an arm that answers from documents, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eval.variants.setup import Arm
from ingest.errors import UsageError

if TYPE_CHECKING:
    from assistant.assistant import Expansion


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """`k` hits are looked for; `budget` and `reserve` are tokens; `order` is where the document of the best hit stands
    in the prompt; `dense` is the weight of meaning against words, from
    0 to 1; `feedback` how far a question moves towards its first finds; `kb` another knowledge base of the same
    documents, say one of other chunks or another embedder.
    """

    k: int | None = None
    budget: int | None = None
    reserve: int | None = None
    mode: Literal["auto", "chunks", "whole"] | None = None
    order: Literal["last", "first"] = "last"
    dense: float | None = None
    feedback: float | None = None
    candidates: int | None = None
    reranker: str | None = None
    expand: Expansion = "off"
    kb: Path | None = None


def document_settings(arm: Arm) -> DocumentSettings:
    """Raises `UsageError` for a setting that there is not, or a value that it cannot have."""
    return DocumentSettings(**checked(arm, _READERS))


def checked(arm: Arm, readers: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    """Each setting of the arm, read by the reader of its name. Raises `UsageError`."""
    values = {}
    for name, text in arm.settings.items():
        if name not in readers:
            known = ", ".join(readers) or "none"
            raise UsageError(f"The variant {arm.variant!r} has no setting {name!r}.", f"It has: {known}.")
        try:
            values[name] = readers[name](text)
        except ValueError as error:
            raise UsageError(f"{name}={text} in the arm {arm.name!r}: {error}.", "Give another value.") from error
    return values


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("less than 1")
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError("not from 0 to 1")
    return value


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"none of {', '.join(words)}")
        return text

    return read


_READERS: Mapping[str, Callable[[str], Any]] = {
    "k": positive,
    "budget": positive,
    "reserve": positive,
    "mode": one_of("auto", "chunks", "whole"),
    "order": one_of("last", "first"),
    "dense": share,
    "feedback": share,
    "candidates": positive,
    "reranker": str,
    "expand": one_of("off", "words", "model"),
    "kb": Path,
}
assert set(_READERS) == {field.name for field in fields(DocumentSettings)}
