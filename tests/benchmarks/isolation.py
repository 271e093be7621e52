"""What reading files in processes of their own costs beside a plain loop: many small files, the worst case.

    python -m tests.benchmarks.isolation [--files 10000] [--rounds 5]

A round reads the same notes of 1 KB in this process, with one worker and with two, in turn: whatever else the machine
does meanwhile meets all three. Times are by the clock, with the start of the workers; the chunker does next to nothing,
so that nothing hides what the processes cost.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from ingest.discovery import FoundFile, find_files
from ingest.workers.parsing import ParsedFile, Parser
from ingest.workers.pool import ParserPool
from tests.support.odd_parts import HalvingChunker

WORKERS = (1, 2)
LARGEST = 1_000_000


def write_notes(folder: Path, count: int) -> list[FoundFile]:
    """So many Markdown notes of 1 KB, in a hundred folders."""
    for number in range(count):
        below = folder / str(number % 100)
        below.mkdir(exist_ok=True)
        (below / f"note{number}.md").write_text(f"# Note {number}\n\n" + f"Matter {number} is settled so. " * 40)
    return list(find_files([folder]).files)


def alone(files: list[FoundFile]) -> float:
    """Seconds of a plain loop in this process."""
    parser = Parser(HalvingChunker(), LARGEST)
    started = time.monotonic()
    read = sum(isinstance(parser.parse(file.path, file.uri), ParsedFile) for file in files)
    assert read == len(files)
    return time.monotonic() - started


def apart(files: list[FoundFile], workers: int) -> float:
    """Seconds of the same files in so many workers, from their start to their end."""
    started = time.monotonic()
    with ParserPool(HalvingChunker(), workers=workers) as pool:
        read = sum(isinstance(result, ParsedFile) for result in pool.parse(files))
    assert read == len(files)
    return time.monotonic() - started


def ratios(files: list[FoundFile], rounds: int) -> dict[int, list[float]]:
    """By number of workers: how many times as long as the plain loop of the same round, round by round."""
    found: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        plain = alone(files)
        for workers in WORKERS:
            found[workers].append(apart(files, workers) / plain)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_notes(Path(folder), chosen.files)
        for workers, found in ratios(files, chosen.rounds).items():
            each = " ".join(f"{ratio:.2f}" for ratio in sorted(found))
            print(f"{len(files)} files, {workers} worker(s): {median(found):.2f} times the plain loop (rounds: {each})")


if __name__ == "__main__":
    main()
