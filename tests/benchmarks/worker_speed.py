"""How fast 1, 2 and 4 workers ingest into PostgreSQL, and parser processes into a folder: real files, one run.

    python -m tests.benchmarks.worker_speed [--embedder SPEC …] [--repeat N] [--most FILES]

Each worker computes with its share of the processors, as `ingest add --workers N` has it; where it says "all", with
all of them. Every figure is of whole runs, from files to a database that a folder follows, taken in turn. The files are
the PDFs of northwind_hr, and the texts of chunking_eval cut into files of 10,000 characters, so that there is something
to share out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest import pipeline
from ingest.embedders import open_embedder
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from ingest.processors import processors
from ingest.queue.claiming import Task
from ingest.queue.process import Processes
from ingest.queue.running import QueuedIngest
from tests.benchmarks.judged import DATA
from tests.support.postgres import new_database, postgres

WORKERS = (1, 2, 4)
CHARACTERS = 10_000  # of a file


@dataclass(frozen=True, slots=True)
class Way:
    """So many workers into a `database`, with `threads` each (None: their share), or parsers into a folder."""

    database: bool
    workers: int
    threads: int | None = None

    def __str__(self) -> str:
        kind = "database" if self.database else "folder"
        return f"{kind}, {self.workers} workers{', all' if self.threads else ''}"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run took: seconds by the clock and of all processors, for so many chunks."""

    wall: float
    processor: float
    chunks: int


def ways(embedder: str) -> Iterator[Way]:
    for workers in WORKERS:
        yield Way(database=True, workers=workers)
        if workers > 1:
            yield Way(database=True, workers=workers, threads=processors())
    if embedder == "minilm":
        yield from (Way(database=False, workers=workers) for workers in WORKERS)


def write_files(folder: Path, most: int) -> None:
    """PDFs last: a worker that takes them last would be waited for, as in life."""
    folder.mkdir()
    for corpus in sorted((DATA / "chunking_eval" / "corpora").glob("*.md")):
        text = corpus.read_text(encoding="utf-8")
        for number, start in enumerate(range(0, len(text), CHARACTERS)):
            (folder / f"{corpus.stem}-{number:03}.md").write_text(text[start : start + CHARACTERS], encoding="utf-8")
    for pdf in sorted((DATA / "northwind_hr" / "pdfs").glob("*.pdf")):
        shutil.copy(pdf, folder)
    for extra in sorted(folder.iterdir())[most:]:
        extra.unlink()


def measured(way: Way, folder: Path, embedder: str, location: Callable[[], str]) -> Run:
    with tempfile.TemporaryDirectory() as work:
        kb = location() if way.database else f"{work}/kb"
        options = IngestOptions(workers=way.workers)
        if way.database:
            crew = partial(Processes, count=way.workers, threads=way.threads)
            options = IngestOptions(elsewhere=QueuedIngest(Task(kb, embedder=embedder), crew))
        before, began = os.times(), time.perf_counter()
        with KnowledgeBase.open(kb, embedder=embedder, create=True) as knowledge:
            *_, report = pipeline.add(knowledge, [folder], options)
            chunks = knowledge.store.statistics().chunks
        wall, after = time.perf_counter() - began, os.times()
    assert not report.failed, report.failed
    return Run(wall, sum(after[:4]) - sum(before[:4]), chunks)


def show(embedder: str, runs: dict[Way, list[Run]]) -> None:
    first = next(iter(runs.values()))
    print(f"\n{embedder}: {first[0].chunks} chunks, {processors()} processors, load {os.getloadavg()[0]:.1f}")
    print("| | chunks a second | processor seconds | beside the first of its kind |\n|---|---|---|---|")
    for way, each in runs.items():
        base = next(other for kind, other in runs.items() if kind.database == way.database)
        ratio = statistics.median(b.wall / own.wall for b, own in zip(base, each, strict=True))
        speed = statistics.median(run.chunks / run.wall for run in each)
        busy = statistics.median(run.processor for run in each)
        print(f"| {way} | {speed:.0f} | {busy:.1f} | {ratio:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", action="append", help="default: minilm; repeatable")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--most", type=int, default=10_000, help="files")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, f"skipped: no files at {DATA}\n")
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        os.environ["XDG_CACHE_HOME"] = name  # for the folders that follow, which are then removed
        open_embedder("minilm").embed_query("The first use converts the model.")
        folder = Path(name) / "files"
        write_files(folder, arguments.most)
        for embedder in arguments.embedder or ("minilm",):
            runs: dict[Way, list[Run]] = {way: [] for way in ways(embedder)}
            for number in range(arguments.repeat):
                for way, done in list(runs.items())[:: -1 if number % 2 else 1]:  # a load that grows harms neither
                    done.append(measured(way, folder, embedder, lambda: new_database(server)))
            show(embedder, runs)


if __name__ == "__main__":
    main()
