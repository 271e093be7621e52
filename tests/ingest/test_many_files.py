"""A hundred thousand files, and one of 500 MB, by the command itself: `make torture`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ingest.discovery import find_files
from ingest.workers.pool import Limits, ParserPool
from tests.benchmarks.isolation import write_notes
from tests.support.odd_parts import HalvingChunker

pytestmark = pytest.mark.torture

FILES = 100_000
MEGABYTE = 1_000_000
LOOK_SECONDS = 1.0


def add(folder: Path, kb: Path, kill_after: float | None = None) -> tuple[dict[str, object], list[int]]:
    """What `ingest add` said, nothing where it was killed, and its memory second by second, in bytes."""
    command = [sys.executable, "-m", "ingest", "add", folder, "--kb", kb, "--embedder", "hashing", "--json"]
    until, memory = time.monotonic() + (kill_after or float("inf")), []
    with psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory.append(process.memory_info().rss)
            if time.monotonic() > until:
                process.kill()
            time.sleep(LOOK_SECONDS)
        said = process.stdout.read()
    return (json.loads(said) if said else {}), memory


def test_a_hundred_thousand_files_go_in_and_on_after_a_kill(tmp_path: Path):
    """Memory is that of the median second: while segments are joined, which takes some seconds, there is more."""
    (tmp_path / "notes").mkdir()
    write_notes(tmp_path / "notes", FILES)
    killed, _ = add(tmp_path / "notes", tmp_path / "kb", kill_after=60)
    assert killed == {}
    report, memory = add(tmp_path / "notes", tmp_path / "kb")
    assert (report["documents"], report["failed"]) == (FILES, [])
    assert report["unchanged"] > 0, "what was stored before the kill is not read again"
    assert report["unchanged"] + report["added"] == FILES
    quarter = len(memory) // 4
    early, late = sorted(memory[quarter : 2 * quarter]), sorted(memory[-quarter:])
    told = [round(each[len(each) // 2] / MEGABYTE) for each in (early, late)]
    print(
        f"known before {report['unchanged']}, {report['seconds']:.0f} s, MB {told}, most {max(memory) / MEGABYTE:.0f}"
    )
    assert told[1] - told[0] < 100
    again, _ = add(tmp_path / "notes", tmp_path / "kb")
    assert again["unchanged"] == FILES
    subprocess.run([sys.executable, "-m", "ingest", "verify", "--kb", tmp_path / "kb"], check=True)


def test_a_text_of_half_a_gigabyte_has_an_outcome_where_it_is_let_in(tmp_path: Path):
    line = "Line {:07d}: the matter was settled on that day; nothing else was said of it at all.\n"
    with (tmp_path / "long.txt").open("w", encoding="utf-8") as file:
        file.writelines(line.format(number) for number in range(5_900_000))
    before = psutil.Process().memory_info().rss
    with ParserPool(HalvingChunker(), limits=Limits(bytes=600 * MEGABYTE), workers=1) as pool:
        (result,) = pool.parse(find_files([tmp_path]).files)
        print(result.source.outcome, result.source.reason)
    assert result.source.outcome in {"timeout", "memory"}
    assert psutil.Process().memory_info().rss - before < 300 * MEGABYTE
