"""Runs over the queue, for tests: files, a command that can be killed, and an account of what was stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import psutil

from ingest import pipeline
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from tests.support.entries import prose

EMBEDDER = "tests.support.dangerous:Dangerous"
WORKING = "SELECT count(DISTINCT worker) FROM kestrel.jobs WHERE claim IS NOT NULL"  # workers that hold files
RUN = "from ingest.cli import main; main()"
ROOT = Path(__file__).parents[2]


def write_files(folder: Path, count: int, sentences: int = 12) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"Report {number}\n\n{prose(number, sentences)}", encoding="utf-8")
    return folder


def contents_of_a_plain_run(folder: Path, kb: Path) -> dict[str, bytes]:
    """What one process stores of these files in a folder: the measure for all others."""
    with KnowledgeBase.open(kb, embedder=EMBEDDER, create=True) as knowledge:
        *_, _ = pipeline.add(knowledge, [folder], IngestOptions(workers=1))
        return dict(knowledge.store.contents())


@contextmanager
def command(folder: Path, location: str, workers: int | str, *, slowly: float = 0.0, program: str = RUN):
    """`ingest add`, running. What is left of its processes at the end is killed."""
    environment = {**os.environ, "KESTREL_TEST_SECONDS_A_TEXT": str(slowly), "PYTHONPATH": str(ROOT)}
    arguments = ["--kb", location, "--workers", str(workers), "--embedder", EMBEDDER, "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, "add", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def report_of(process: subprocess.Popen) -> dict:
    out, said = process.communicate(timeout=120)
    assert process.returncode in (0, 3), said
    return json.loads(out)


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if "ingest.queue.process" in " ".join(child.cmdline())]


def count(location: str, statement: str) -> int:
    import psycopg

    with psycopg.connect(location, autocommit=True) as connection:
        (number,) = connection.execute(statement).fetchone()
    return number


def finished(location: str) -> int:
    there = count(location, "SELECT count(*) FROM pg_class WHERE relname = 'jobs'")
    return count(location, "SELECT count(*) FROM kestrel.jobs WHERE finished IS NOT NULL") if there else 0


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
