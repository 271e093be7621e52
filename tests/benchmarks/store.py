"""What the store costs at real sizes. Run: python -m tests.benchmarks.store [CHUNKS …] [--folder DIR]

Chunks are 160 words drawn by Zipf's law from 50,000 made-up words, six documents of 80 chunks to a commit; vectors are
random unit vectors of 384 dimensions. Times are wall clock: read them from a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ingest.changes import Put
from ingest.documents import Document, Entry, Model, Source, Span, document_id
from ingest.store import open_store

MODEL = Model("random", "random-384", 384)
CHUNKS_OF_DOCUMENT = 83
DOCUMENTS_OF_COMMIT = 6  # 498 chunks
STOP_WORDS = 150  # the most frequent words, which questions are asked without
COLD = """
import json, sys, time
started = time.perf_counter()
import numpy as np
loaded = time.perf_counter()
from ingest.store import open_store
store = open_store(sys.argv[1], read_only=True)
opened = time.perf_counter()
query = np.full((1, 384), 384 ** -0.5, np.float32)
store.search_vectors(query, 100)
dense = time.perf_counter()
store.hits(store.keywords.search(sys.argv[2], 100)[:8])
done = time.perf_counter()
print(json.dumps([loaded - started, opened - loaded, dense - opened, done - dense]))
"""


def words(seed: int = 0, without: int = 0) -> Callable[[int], list[str]]:
    """A source of words whose frequencies follow Zipf's law, as those of texts do; `without` so many frequent ones."""
    letters, choose = random.Random(0), random.Random(seed)
    vocabulary = [
        "".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=letters.randint(2, 9))) for _ in range(50_000)
    ]
    weights = np.cumsum((np.arange(50_000) >= without) / np.arange(2, 50_002)).tolist()
    return lambda count: choose.choices(vocabulary, cum_weights=weights, k=count)


def entries(chunks: int) -> Iterator[Entry]:
    draw, random_rows = words(), np.random.default_rng(0)
    for number in range(chunks // CHUNKS_OF_DOCUMENT):
        pieces = [" ".join(draw(160)) for _ in range(CHUNKS_OF_DOCUMENT)]
        ends = np.cumsum([len(piece) + 1 for piece in pieces]).tolist()
        spans = tuple(Span(end - len(piece) - 1, end - 1, "Part") for piece, end in zip(pieces, ends, strict=True))
        vectors = random_rows.standard_normal((len(pieces), MODEL.dimension), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        text = "\n".join(pieces)
        document = Document(document_id(text.encode()), text, f"/files/{number}.txt", f"Title {number}")
        hashes = tuple(random_rows.bytes(16) for _ in pieces)
        yield Entry(document, Source(document.source, len(text), 1, None), spans, hashes, vectors)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def fill(folder: Path, chunks: int) -> dict[str, float]:
    store = open_store(folder, create=True)
    stream = entries(chunks)
    commits = []
    while batch := [Put(entry, MODEL) for entry in islice(stream, DOCUMENTS_OF_COMMIT)]:
        commits.append(timed(partial(store.commit, batch)))
    maintained = timed(store.maintain)
    store.close()
    statistics_ = open_store(folder).statistics()
    return {
        "commit of 498 chunks p50 ms": statistics.median(commits),
        "maintain ms": maintained,
        "bytes a chunk": statistics_.bytes / statistics_.chunks,
    }


def cold(folder: Path) -> dict[str, float]:
    """Best of five processes: numpy's import, opening, the first dense and the first keyword search."""
    question = " ".join(words(1, without=STOP_WORDS)(6))
    command = [sys.executable, "-c", COLD, str(folder), question]
    runs = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]
    numpy_, opening, dense, keywords = (1000 * min(column) for column in zip(*runs, strict=True))
    return {
        "cold: import numpy ms": numpy_,
        "cold: open ms": opening,
        "cold: first dense search ms": dense,
        "cold: first keyword search and 8 hits ms": keywords,
    }


def warm(folder: Path) -> dict[str, float]:
    store = open_store(folder, read_only=True)
    rows = np.random.default_rng(7).standard_normal((200, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    draw = words(3, without=STOP_WORDS)
    questions = [" ".join(draw(6)) for _ in range(200)]
    dense = [timed(lambda row=row: store.search_vectors(row[None], 100)) for row in rows]
    keywords = [timed(lambda question=question: store.keywords.search(question, 100)) for question in questions]
    found = store.search_vectors(rows[:1], 8)
    return {
        "warm: dense k=100 p50 ms": statistics.median(dense),
        "warm: dense k=100 p95 ms": sorted(dense)[189],
        "warm: keywords k=100 p50 ms": statistics.median(keywords),
        "warm: keywords k=100 p95 ms": sorted(keywords)[189],
        "warm: 8 hits ms": statistics.median(timed(lambda: store.hits(found)) for _ in range(50)),
    }


def check(folder: Path, chunks: int) -> dict[str, float]:
    store = open_store(folder)
    result = {
        "verify us a chunk": 1000 * timed(lambda: list(store.verify())) / chunks,
        "verify --full us a chunk": 1000 * timed(lambda: list(store.verify(full=True))) / chunks,
        "rebuild us a chunk": 1000 * timed(store.rebuild) / chunks,
    }
    store.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunks", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="keep the knowledge bases here")
    arguments = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as temporary:
        for chunks in arguments.chunks:
            folder = (arguments.folder or Path(temporary)) / str(chunks)
            fillings = [] if folder.exists() else [partial(fill, folder, chunks)]
            for step in [*fillings, partial(cold, folder), partial(warm, folder), partial(check, folder, chunks)]:
                for name, value in step().items():
                    print(f"{chunks:>8} chunks  {name:<42} {value:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
