"""Documents made from words, with vectors that follow from their text: the same arguments give the same entry."""

from __future__ import annotations

import hashlib
import random

import numpy as np

from ingest.changes import Put
from ingest.documents import Document, Entry, Heading, Model, Source, Span, document_id

MODEL = Model("toy", "toy-1", 16)
WORDS = "account badge canteen deposit expense garage harbour invoice journey keyboard ledger manager".split()


def sentence(seed: int, words: int = 12) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words)).capitalize() + "."


def prose(seed: int, sentences: int = 6) -> str:
    return " ".join(sentence(seed * 1000 + number) for number in range(sentences))


def vector(text: str, dimension: int = MODEL.dimension) -> np.ndarray:
    """A unit vector that only this text has, as half floats hold it."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
    row = np.random.default_rng(seed).standard_normal(dimension)
    return (row / np.linalg.norm(row)).astype(np.float16).astype(np.float32)


def spans_of(text: str, size: int = 80) -> tuple[Span, ...]:
    return tuple(Span(at, min(at + size, len(text)), f"Part {at // size}") for at in range(0, len(text), size))


def entry(uri: str, text: str, *, model: Model = MODEL, spans: tuple[Span, ...] | None = None, **facts) -> Entry:
    """The entry of a file `uri` with this text. `facts` are fields of `Document`."""
    spans = spans_of(text) if spans is None else spans
    pieces = [text[span.start : span.end] for span in spans]
    data = text.encode("utf-8", "surrogatepass")
    rows = [vector(piece, model.dimension) for piece in pieces]
    facts = {"headings": (Heading(1, "Start", 0),), **facts}
    return Entry(
        Document(document_id(data), text, uri, **facts),
        Source(uri, len(data), 1_700_000_000_000_000_000, None, seen=1_700_000_100.0),
        spans,
        tuple(hashlib.sha256(piece.encode("utf-8", "surrogatepass")).digest()[:16] for piece in pieces),
        np.array(rows, dtype=np.float32).reshape(len(rows), model.dimension),
    )


def put(uri: str, text: str, **facts) -> Put:
    made = entry(uri, text, **facts)
    return Put(made, facts.get("model", MODEL))
