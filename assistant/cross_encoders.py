"""Cross-encoders of sentence-transformers, which read two texts together: loaded from disk, or from the hub by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import EmbedderFailed

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def load_cross_encoder(model: str, kind: str = "cross-encoder") -> CrossEncoder:
    """`model` is a name or a folder, `kind` what it is called in the `EmbedderFailed` that is raised without it."""
    from sentence_transformers import CrossEncoder  # 4-5 s: only who names a model pays

    try:
        encoder: CrossEncoder = CrossEncoder(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise EmbedderFailed(
            f"The {kind} {model!r} cannot be loaded: {error}.",
            "Give the folder of a downloaded model, or a name when the hub can be reached.",
        ) from error
    return encoder
