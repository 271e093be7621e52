"""What an entry must be before it is stored. A fault here is one of a chunker, an embedder or their caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import EmbedderFailed, UsageError

if TYPE_CHECKING:
    from ingest.documents import Entry, Model

UNIT_TOLERANCE = 1e-2  # of a vector's length; half floats alone account for 1e-3


def validate(entry: Entry, model: Model) -> None:
    """Raises `UsageError` for spans that do not fit the text, `EmbedderFailed` for vectors that are no unit vectors."""
    _validate_spans(entry)
    _validate_vectors(entry, model)


def _validate_spans(entry: Entry) -> None:
    length = len(entry.document.text)
    for span in entry.spans:
        if not 0 <= span.start < span.end <= length:
            raise UsageError(
                f"A chunk of {entry.source.uri} spans {span.start} to {span.end} in a text of {length} characters.",
                "The chunker is at fault; choose another one.",
            )
    if len(entry.hashes) != len(entry.spans):
        raise UsageError(f"{entry.source.uri} has {len(entry.spans)} chunks and {len(entry.hashes)} embedding hashes.")


def _validate_vectors(entry: Entry, model: Model) -> None:
    import numpy as np

    expected = (len(entry.spans), model.dimension)
    if entry.spans and entry.vectors.shape != expected:
        raise EmbedderFailed(
            f"{model.name!r} gave vectors of shape {entry.vectors.shape} for {entry.source.uri}; expected {expected}."
        )
    lengths = np.linalg.norm(entry.vectors, axis=1) if entry.spans else np.ones(0)
    wrong = np.flatnonzero(~(np.abs(lengths - 1) < UNIT_TOLERANCE))  # NaN compares false, so it is wrong too
    if wrong.size:
        raise EmbedderFailed(
            f"{model.name!r} gave a vector of length {lengths[wrong[0]]:g} for chunk {wrong[0]} of {entry.source.uri}; "
            "unit vectors are needed.",
            "Set the model to normalise its output, or choose another one.",
        )
