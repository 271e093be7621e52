"""How fast chunks move: folder to file to PostgreSQL and back, and how soon a follower has a new document.

Run: python -m tests.benchmarks.moving [CHUNKS]
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ingest import transfer
from ingest.changes import Put
from ingest.documents import Document, Entry, Model, Source, Span
from ingest.store import open_store
from ingest.store.postgres.connection import Server
from ingest.store.postgres.following import Follower
from tests.support.postgres import new_database, postgres

MODEL = Model("benchmark", "benchmark", 384)
CHUNKS, CHARACTERS = 10, 1000  # of a document, of a chunk
WORDS = "account badge canteen deposit expense garage harbour invoice journey keyboard ledger manager".split()


def made(uri: str, random: np.random.Generator) -> Put:
    text = " ".join(random.choice(WORDS, CHUNKS * CHARACTERS // 5))[: CHUNKS * CHARACTERS]
    rows = random.standard_normal((CHUNKS, MODEL.dimension)).astype(np.float32)
    spans = tuple(Span(at, at + CHARACTERS) for at in range(0, CHUNKS * CHARACTERS, CHARACTERS))
    hashes = tuple(hashlib.md5(f"{uri} {n}".encode()).digest() for n in range(CHUNKS))
    document = Document(hashlib.sha256(uri.encode()).hexdigest(), text, uri)
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Put(Entry(document, Source(uri, 1, 1, None), spans, hashes, vectors), MODEL)


def timed(name: str, chunks: int, work: Callable[[], object]) -> None:
    started, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - started, time.process_time() - processor
    print(f"{name:24} {chunks / wall:8.0f} chunks/s   {processor:.2f} of {wall:.2f} s on our processors")


def main(chunks: int) -> None:
    random = np.random.default_rng(0)
    transfer.PROBES = 1  # they cost the same however large the collection
    with postgres() as uri, tempfile.TemporaryDirectory() as name:
        folder, location = Path(name), new_database(uri)
        os.environ["XDG_CACHE_HOME"] = name  # else what follows the database would stay in the user's
        first, last = open_store(folder / "first", create=True), open_store(folder / "last", create=True)
        for start in range(0, chunks // CHUNKS, 50):
            first.commit([made(f"/{n}", random) for n in range(start, min(start + 50, chunks // CHUNKS))])
        truth = open_store(location, create=True)
        timed("folder to file", chunks, lambda: list(transfer.export(first, folder / "out")))
        timed("file to PostgreSQL", chunks, lambda: list(transfer.import_file(truth, folder / "out")))
        timed("PostgreSQL to file", chunks, lambda: list(transfer.export(truth, folder / "back")))
        timed("file to folder", chunks, lambda: list(transfer.import_file(last, folder / "back")))
        following, server = open_store(folder / "following", create=True), Server(location)
        follower = Follower(server, following, folder / "following")
        timed("a follower from nothing", chunks, follower.catch_up)
        seconds = []
        for n in range(20):
            truth.commit([made(f"/new/{n}", random)])
            started = time.perf_counter()
            follower.catch_up()
            seconds.append(time.perf_counter() - started)
        print(f"a new document: {statistics.median(seconds):.3f} s, at most {max(seconds):.3f} s")
        for store in (first, last, truth, following, server):
            store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5000)
