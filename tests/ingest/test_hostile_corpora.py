"""Runs over many files: every tenth of them bad, ten thousand small ones; and files that chance made."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from ingest.discovery import find_files
from ingest.workers.parsing import ParsedFile
from ingest.workers.pool import Limits, ParserPool
from tests.benchmarks.isolation import ratios, write_notes
from tests.support import hostile_files, hostile_pdfs
from tests.support.mutations import SEEDS, mutated
from tests.support.odd_parts import HalvingChunker
from tests.support.pdf_files import make_pdf

MEGABYTE = 1_000_000
QUICK_BAD = (
    "cut in half",
    "garbage",
    "no pages",
    "a billion pages claimed",
    "an outline in a circle",
    "a page of no size",
)
UNFORESEEN = "its reader failed"  # how the parser names an error that a reader did not


@pytest.mark.slow
def test_a_corpus_of_which_a_tenth_is_bad_is_read_to_its_end(tmp_path):
    bad = {name: make() for _, name, make, _ in hostile_pdfs.CASES if name in QUICK_BAD}
    bad |= {
        name: make()
        for _, name, make, _ in hostile_files.CASES
        if name in {"laughs.docx", "deep.json", "password.docx"}
    }
    good = 270
    for number in range(good):
        (tmp_path / f"good{number}.pdf").write_bytes(make_pdf([[f"Page of document {number}."] * 30] * 3))
    for number in range(good // 9):
        name = sorted(bad)[number % len(bad)]
        suffix = Path(name).suffix or ".pdf"
        (tmp_path / f"bad{number}{suffix}").write_bytes(bad[name] + b" " * number)
    files = list(find_files([tmp_path]).files)
    process = psutil.Process()
    with ParserPool(HalvingChunker(), workers=2) as pool:
        results = pool.parse(files)
        next(results)
        memory = process.memory_info().rss
        outcomes = Counter(
            Path(result.source.uri).stem[:3] if isinstance(result, ParsedFile) else "failed" for result in results
        )
    assert process.memory_info().rss - memory < 100 * MEGABYTE
    assert outcomes["goo"] >= good - 1
    assert outcomes.total() == len(files) - 1
    assert outcomes["failed"] > good // 20


@pytest.mark.torture
def test_ten_thousand_small_files_are_not_slowed_by_processes(tmp_path):
    """The best of some rounds: another program that takes the processors slows one side and not the other."""
    found = ratios(write_notes(tmp_path, 10_000), rounds=4)
    print("times the plain loop, by workers:", found)
    assert min(found[2]) <= 1.3


@pytest.mark.torture
def test_twenty_thousand_pages_are_read_in_time(tmp_path):
    (tmp_path / "long.pdf").write_bytes(hostile_pdfs.many_pages(20_000))
    with ParserPool(HalvingChunker(), workers=1) as pool:
        (result,) = pool.parse(find_files([tmp_path]).files)
    assert isinstance(result, ParsedFile), result.source
    assert len(result.document.pages) == 20_000


@pytest.mark.slow
def test_files_that_chance_changed_have_an_outcome(tmp_path):
    """The same files on every machine: what fails here can be looked at."""
    fuzz(tmp_path, random.Random(20261126), rounds=12_000)


@pytest.mark.torture
def test_files_that_chance_changed_for_ten_minutes(tmp_path):
    seed = time.time_ns()
    print(f"seed {seed}")
    fuzz(tmp_path, random.Random(seed), seconds=600)


def fuzz(folder: Path, chance: random.Random, rounds: int = 10**9, seconds: float = 10**9) -> None:
    """Seeds with bytes changed, read one after the other in a worker. A reader may fail only in ways it knows."""
    names, until = sorted(SEEDS), time.monotonic() + seconds
    with ParserPool(HalvingChunker(), limits=Limits(seconds=20), workers=1) as pool:
        for number in range(rounds):
            if time.monotonic() > until:
                return
            path = folder / names[number % len(names)]
            path.write_bytes(mutated(SEEDS[path.name], chance))
            (result,) = pool.parse(find_files([path]).files)
            told = f"round {number}, {path.name}: {result.source.outcome}, {result.source.reason}"
            assert UNFORESEEN not in result.source.reason, told
            assert result.source.outcome not in {"crashed", "memory", "timeout"}, told
            if isinstance(result, ParsedFile):
                assert result.document.text.strip(), told
                assert list(result.document.pages) == sorted(result.document.pages), told
