"""How documents are cut into chunks, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ingest.errors import EmbedderFailed
from ingest.registry import Registry

if TYPE_CHECKING:
    from ingest.protocols import Chunker, Embedder

CHUNKERS = Registry(
    "chunkers",
    {
        "sentence": "ingest.chunkers.sentence:SentenceChunker",
        "llamaindex": "ingest.chunkers.llamaindex:LlamaIndexChunker",
    },
)

SHORTEST_INPUT = 128  # tokens: below that, a header would leave a chunk no room


def open_chunker(name: str, embedder: Embedder) -> Chunker:
    """The chunker of that name, cutting to the length that this embedder reads.

    A chunker is made by calling its class with the embedder's `tokens` and `max_tokens`; it can be pickled, for the
    cutting is done in other processes. Raises `UnknownPart`, or `EmbedderFailed` for an embedder that reads too little.
    """
    if embedder.max_tokens < SHORTEST_INPUT:
        raise EmbedderFailed(
            f"{embedder.model.name} reads only {embedder.max_tokens} tokens at once; {SHORTEST_INPUT} are needed.",
            "Choose an embedding model with a longer input.",
        )
    return cast("Chunker", CHUNKERS.load(name)(embedder.tokens, embedder.max_tokens))
