"""A million chunks, verified and rebuilt by the commands themselves: `make torture`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from ingest.changes import Put
from ingest.documents import Document, Entry, Source, Span, document_id
from ingest.embedders.hashing import HashingEmbedder
from ingest.store import open_store

pytestmark = pytest.mark.torture

DOCUMENTS, CHUNKS, WORDS = 2_000, 500, 80  # a million chunks; words of one
VOCABULARY = 50_000
COMMIT_DOCUMENTS = 20
SECONDS = 600  # that verifying, and rebuilding, may take
MEGABYTE = 1_000_000
LOOK_SECONDS = 0.5


def vocabulary() -> np.ndarray:
    """Words of two to four syllables, each another."""
    syllables = [first + vowel for first in "bdfghklmnprstvwz" for vowel in "aeiou"]
    numbers = np.random.default_rng(0).permutation(len(syllables) ** 3)[:VOCABULARY]
    places = [[number % 80, number // 80 % 80, number // 6400] for number in numbers.tolist()]
    return np.array(["".join(syllables[place] for place in word) for word in places])


def documents() -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Texts whose words are as often as Zipf's law has it, and where their chunks are."""
    random, words = np.random.default_rng(1), vocabulary()
    share = 1 / np.arange(1, VOCABULARY + 1)
    limits = np.cumsum(share / share.sum())
    for _ in range(DOCUMENTS):
        drawn = words[np.minimum(np.searchsorted(limits, random.random((CHUNKS, WORDS))), VOCABULARY - 1)]
        pieces = [" ".join(row) + ". " for row in drawn]
        ends = np.cumsum([len(piece) for piece in pieces]).tolist()
        yield "".join(pieces), tuple(map(Span, [0, *ends[:-1]], ends))


def put(number: int, text: str, spans: tuple[Span, ...]) -> Put:
    embedder = HashingEmbedder()
    pieces = [text[span.start : span.end] for span in spans]
    hashes = tuple(hashlib.blake2b(piece.encode(), digest_size=16).digest() for piece in pieces)
    source = Source(f"/{number:06}.txt", len(text), 0, None, seen=0.0)
    document = Document(document_id(text.encode()), text, source.uri)
    return Put(Entry(document, source, spans, hashes, embedder.embed_documents(pieces)), embedder.model)


def build(folder: Path) -> None:
    store = open_store(folder, create=True)
    group: list[Put] = []
    for number, (text, spans) in enumerate(documents(), start=1):
        group.append(put(number, text, spans))
        if len(group) == COMMIT_DOCUMENTS or number == DOCUMENTS:
            store.commit(group)
            group = []
    store.maintain()
    store.close()


def timed(*arguments: str | Path) -> tuple[str, float, float]:
    """What a command of `ingest` printed, its seconds, and the most memory that it had, in MB."""
    most, started = 0, time.monotonic()
    with psutil.Popen([sys.executable, "-m", "ingest", *arguments], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, process.memory_info().rss)
            time.sleep(LOOK_SECONDS)
        said = process.stdout.read()
    assert process.returncode == 0, said
    return said, time.monotonic() - started, most / MEGABYTE


def test_a_million_chunks_are_verified_and_rebuilt_in_ten_minutes_each(tmp_path: Path) -> None:
    """The hashing embedder's vectors have 1,024 numbers, 2.7 times those of the default model."""
    started = time.monotonic()
    build(tmp_path / "kb")
    size = sum(path.stat().st_size for path in (tmp_path / "kb").rglob("*")) / MEGABYTE
    print(f"\nbuilt in {time.monotonic() - started:.0f} s, {size:,.0f} MB")
    took = {}
    for name, *options in (("verify",), ("verify", "--full"), ("rebuild",), ("verify", "--full")):
        said, took[name, *options], most = timed(name, *options, "--kb", tmp_path / "kb")
        print(f"{' '.join([name, *options])}: {took[name, *options]:.0f} s, {most:,.0f} MB at most: {said.strip()}")
        if name == "verify":
            assert f"No problem in {DOCUMENTS} documents, {DOCUMENTS * CHUNKS} chunks" in said
    assert max(took.values()) < SECONDS
