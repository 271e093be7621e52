"""Opening takes no time that grows with the documents, after a crash neither."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.changes import Put
from ingest.documents import Document, Entry, Model, Source, Span, document_id
from ingest.store import open_store
from tests.support.noting import as_its_own

MODEL = Model("toy", "toy-384", 384)
DOCUMENTS, CHUNKS = 50, 2_000  # 100,000 chunks in all


def put(number: int) -> Put:
    text = "".join(f"{number:06} {chunk:06} word. " for chunk in range(CHUNKS))
    size = len(text) // CHUNKS
    spans = tuple(Span(at, at + size) for at in range(0, len(text), size))
    hashes = tuple(f"{number:08}{chunk:08}".encode() for chunk in range(CHUNKS))
    vectors = np.random.default_rng(number).standard_normal((CHUNKS, MODEL.dimension), np.float32)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    source = Source(f"/{number}", len(text), 0, None, seen=0.0)
    return Put(Entry(Document(document_id(text.encode()), text, source.uri), source, spans, hashes, vectors), MODEL)


def copied_as_after_a_kill(folder: Path, to: Path) -> None:
    """What a process that is killed leaves: the log beside the database, nothing closed."""
    to.mkdir()
    for path in folder.iterdir():
        if path.is_dir():
            shutil.copytree(path, to / path.name)
        elif not path.name.endswith("-shm"):
            shutil.copy(path, to)
    as_its_own(to)


@pytest.mark.torture
@pytest.mark.skipif(os.name != "posix", reason="an open database is copied")
def test_a_hundred_thousand_chunks_open_within_a_second_after_a_crash(tmp_path: Path) -> None:
    writer = open_store(tmp_path / "kb", create=True)
    for number in range(DOCUMENTS):
        writer.commit([put(number)])
        if number == DOCUMENTS - 10:
            writer.maintain()
    copied_as_after_a_kill(tmp_path / "kb", tmp_path / "crashed")
    writer.close()
    started, worked = time.monotonic(), time.process_time()
    store = open_store(tmp_path / "crashed")
    count = store.statistics().chunks
    opened, work = time.monotonic() - started, time.process_time() - worked
    started = time.monotonic()
    found = store.search_vectors(put(DOCUMENTS - 1).entry.vectors[7][None], 1)
    searched = time.monotonic() - started
    print(f"{count} chunks opened after a crash in {opened:.2f} s ({work:.2f} s of processor)")
    print(f"first search {searched:.2f} s")
    assert count == DOCUMENTS * CHUNKS
    assert found[0][1] > 0.99
    assert work < 1.0
    store.close()
