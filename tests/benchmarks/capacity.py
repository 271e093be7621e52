"""How many bytes a chunk takes, in PostgreSQL and in a folder that follows it, on all text of ../shared/data.

    python -m tests.benchmarks.capacity [--every N]

Documents, chunks, words and tables are the real ones. The vectors are drawn: 384 half floats take the same bytes
whatever they are, and no compression reaches them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest import pipeline
from ingest.changes import Change, Put
from ingest.documents import Model
from ingest.embedders.minilm import MiniLM
from ingest.indexes.faiss import FaissIndex
from ingest.knowledge_base import KnowledgeBase
from ingest.store import open_store
from ingest.store.postgres.connection import Server
from ingest.store.postgres.following import Follower
from ingest.store.sqlite import SqliteStore
from tests.benchmarks.judged import DATA, cranfield, squad
from tests.support.postgres import new_database, postgres

if TYPE_CHECKING:
    from ingest.documents import Document, FloatMatrix

INDEXED = 20_000  # drawn vectors for the bytes of one in an index of each kind
RESIDENT = """
import json, sys, psutil, numpy as np
import faiss
from ingest.store import open_store
def held():
    memory = psutil.Process().memory_full_info()
    return [memory.rss, memory.uss]
before = held()
store = open_store(sys.argv[1], read_only=True)
rows = np.random.default_rng(1).standard_normal((200, 384)).astype(np.float32)
for row, words in zip(rows, sys.argv[2].split(chr(10))):
    found = store.search_vectors((row / np.linalg.norm(row))[None], 100)
    store.hits(found[:8] + store.keywords.search(words, 100)[:8])
print(json.dumps([before, held()]))
"""


class Drawn:
    """Cuts where minilm cuts, and draws a unit vector from the hash of the text in place of computing one."""

    max_tokens = MiniLM.max_tokens
    model = Model("tests.benchmarks.capacity:Drawn", "drawn-384", 384)

    def __init__(self) -> None:
        self.tokens = MiniLM().tokens

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        seeds = [int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:8]) for text in texts]
        return drawn([np.random.default_rng(seed).standard_normal(384) for seed in seeds])

    def embed_query(self, text: str) -> FloatMatrix:
        return self.embed_documents([text])


def drawn(rows: object) -> FloatMatrix:
    found = np.array(rows, np.float32).reshape(-1, 384)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def texts(folder: Path, every: int) -> list[Path]:
    """What people wrote in the shared data, as files: PDFs, Markdown, and one of `every` texts in question sets."""
    whole = [DATA / "northwind_hr" / "pdfs", DATA / "hard_pdfs", DATA / "chunking_eval" / "corpora"]
    own = [path for place in whole for path in sorted(place.glob("*.*"))]
    return own + [path for number, path in enumerate(_of_questions(folder)) if number % every == 0]


def _of_questions(folder: Path) -> Iterator[Path]:
    yield from sorted(cranfield(folder).folder.iterdir())
    yield from sorted(squad(folder).folder.iterdir())
    for path in sorted([*DATA.glob("leval/*/*.jsonl.gz"), *DATA.glob("longeval/topics/*.jsonl.gz")]):
        for number, row in enumerate(_rows(path)):
            yield _written(folder / path.stem / f"{number}.txt", row.get("input") or row["prompt"])
    for number, row in enumerate(_rows(DATA / "lost_in_the_middle" / "nq-open-oracle.jsonl.gz")):
        passages = "\n\n".join(f"{each['title']}\n{each['text']}" for each in row["ctxs"])
        yield _written(folder / "natural_questions" / f"{number}.txt", passages)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _written(path: Path, text: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(str(text), encoding="utf-8")
    return path


def into_database(knowledge: KnowledgeBase, location: str) -> dict[str, int]:
    """Bytes of each table with its indexes and what is stored beside it."""
    truth = open_store(location, create=True)
    names = {source.document_id: source for source in reversed(knowledge.sources()) if source.document_id}
    waiting: list[Change] = []
    for source in names.values():
        entry = knowledge.store.entry(source)
        assert entry
        waiting.append(Put(entry, Drawn.model))
        if len(waiting) == 50:
            truth.commit(waiting)
            waiting = []
    truth.commit(waiting)
    truth.close()
    server = Server(location)
    with server.connection() as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
            "WHERE relnamespace = 'kestrel'::regnamespace AND relkind = 'r' ORDER BY 2 DESC"
        ).fetchall()
        indexes = connection.execute(
            "SELECT sum(pg_indexes_size(oid)) FROM pg_class "
            "WHERE relnamespace = 'kestrel'::regnamespace AND relkind = 'r'"
        ).fetchone()
    server.close()
    return {f"PostgreSQL {name}": size for name, size in found if size > 100_000} | {
        "PostgreSQL all": sum(size for _, size in found),
        "  of it indexes": int(indexes[0]) if indexes else 0,
    }


def follow(location: str, folder: Path) -> dict[str, int]:
    """Bytes of a folder that follows: the database by kinds of table, and the segments."""
    store, server = SqliteStore(folder, create=True), Server(location)
    Follower(server, store, folder).catch_up()
    server.close()
    store.close()
    sizes = {"SQLite text and facts": 0, "SQLite vectors": 0, "FTS5 keywords": 0}
    with closing(sqlite3.connect(folder / "kb.db")) as raw:
        for name, size in raw.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
            words = name.startswith("keywords")
            sizes["FTS5 keywords" if words else f"SQLite {'vectors' if name == 'vectors' else 'text and facts'}"] += (
                size
            )
    every = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    sizes["segments"] = sum(size for path, size in every.items() if path.suffix == ".seg")
    return sizes | {"other files": sum(every.values()) - sum(sizes.values())}


def indexed() -> dict[str, float]:
    """Bytes of a vector in an index of each kind, the lists' centroids in it."""
    rows = drawn(np.random.default_rng(2).standard_normal((INDEXED, 384), np.float32))
    sizes = {}
    for kind in ("fp16", "sq8", "ivf"):
        count = [0]
        FaissIndex.build(np.arange(INDEXED), rows, kind).write(
            lambda data, at=count: at.__setitem__(0, at[0] + len(data))
        )
        sizes[f"index {kind}"] = count[0] / INDEXED
    return sizes


def resident(folder: Path, questions: Sequence[str]) -> dict[str, int]:
    """Bytes of a process that has asked 200 questions: before the folder was open, and more of it afterwards."""
    command = [sys.executable, "-c", RESIDENT, str(folder), "\n".join(questions)]
    before, after = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return {"resident before": before[0], "resident more": after[0] - before[0], "private more": after[1] - before[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="take one of so many texts of question sets")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, f"skipped: no files at {DATA}\n")
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        work = Path(name)
        os.environ["XDG_CACHE_HOME"] = name
        paths = texts(work, arguments.every)
        with KnowledgeBase.open(work / "kb", embedder="tests.benchmarks.capacity:Drawn", create=True) as knowledge:
            *_, report = pipeline.add(knowledge, paths)
            held = knowledge.store.statistics()
            questions = [hit.chunk.text[:60] for n in range(200) for hit in knowledge.search(f"question {n}", 1)]
            characters = sum(len(document.text) for document in _documents(knowledge))
            location = new_database(server)
            sizes = into_database(knowledge, location)
        sizes |= follow(location, work / "following")
        memory = resident(work / "following", questions)
    print(f"{held.documents} documents, {held.chunks} chunks, {characters / held.chunks:.0f} characters a chunk")
    print(f"{len(report.failed)} files failed")
    for what, size in sizes.items():
        print(f"{what:24} {size / 1e6:9.2f} MB {size / held.chunks:8.0f} bytes a chunk")
    for what, size in memory.items():
        print(f"{what:24} {size / 1e6:9.2f} MB {size / held.chunks:8.0f} bytes a chunk")
    for what, each in indexed().items():
        print(f"{what:24} {each:21.1f} bytes a vector")


def _documents(knowledge: KnowledgeBase) -> Iterator[Document]:
    for identity in knowledge.store.contents():
        if document := knowledge.document(identity):
            yield document


if __name__ == "__main__":
    main()
