"""Embedding models, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ingest.registry import Registry

if TYPE_CHECKING:
    from ingest.protocols import Embedder

EMBEDDERS = Registry(
    "embedders",
    {
        "minilm": "ingest.embedders.minilm:MiniLM",
        "st": "ingest.embedders.sentence_transformer:SentenceTransformerEmbedder",
        "hashing": "ingest.embedders.hashing:HashingEmbedder",
    },
)


def open_embedder(spec: str) -> Embedder:
    """The embedder that a specification names: `NAME`, `NAME:ARGUMENT`, or `module:Class` for one of your own.

    `minilm` is the default, English; `minilm:f32` or `minilm:bf16` sets how it computes. `st:NAME_OR_PATH` is any model
    of sentence-transformers, for other languages `st:sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2`.
    `hashing` compares words only and needs no model. A class of your own is called without arguments, and the name
    of its `model` must be its specification, for a knowledge base is opened again by that name.
    Raises `UnknownPart`, `MissingExtra` or `EmbedderFailed`.
    """
    name, _, argument = spec.partition(":")
    if name in EMBEDDERS.table or name in EMBEDDERS.names():
        make = EMBEDDERS.load(name)
        return cast("Embedder", make(argument) if argument else make())
    return cast("Embedder", EMBEDDERS.load(spec)())
