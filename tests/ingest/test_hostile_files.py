"""Whatever a file is made to do, it costs itself only: each has its outcome in time, and nothing leaves the worker."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ingest.discovery import find_files
from ingest.workers.parsing import ParsedFile
from ingest.workers.pool import Limits, ParserPool
from tests.support import hostile_files, hostile_pdfs
from tests.support.odd_parts import HalvingChunker

SECONDS = 30.0  # for one file here; a run allows 60
SOON = 4.0  # for those that can only run out of time: no machine reads them in as much
STARTING = 15.0  # what a busy machine needs beside that to begin anew after a file that ended its worker
MEGABYTE = 1_000_000

pytestmark = pytest.mark.slow

PDFS = [(number, f"{name}.pdf", make, right) for number, name, make, right in hostile_pdfs.CASES]
ALL = [*PDFS, *hostile_files.CASES]


@pytest.fixture(scope="module")
def pools():
    """By the seconds that a file has."""
    with (
        ParserPool(HalvingChunker(), limits=Limits(seconds=SECONDS), workers=1) as patient,
        ParserPool(HalvingChunker(), limits=Limits(seconds=SOON), workers=1) as hasty,
    ):
        yield {SECONDS: patient, SOON: hasty}


@pytest.mark.parametrize(
    ("name", "make", "right"), [pytest.param(*case[1:], id=f"{case[0]} {case[1]}") for case in ALL]
)
def test_every_file_has_its_outcome(tmp_path, pools, name, make, right):
    (tmp_path / name).write_bytes(make())
    seconds = SOON if right == "timeout" else SECONDS
    memory, started = psutil.Process().memory_info().rss, time.monotonic()
    (result,) = pools[seconds].parse(find_files([tmp_path]).files)
    assert result.source.outcome == right, result.source.reason
    assert time.monotonic() - started < seconds + STARTING
    assert psutil.Process().memory_info().rss - memory < 100 * MEGABYTE
    assert "\n" not in result.source.reason
    if isinstance(result, ParsedFile):
        assert not {"secret", "outside", "root:x"} & set(result.document.text.split())
    assert [path.name for path in tmp_path.iterdir()] == [name], "a file was written beside it"


def test_text_beyond_the_limit_is_not_read(tmp_path, pools):
    """F23. Half a gigabyte that takes no room on the disk."""
    with (tmp_path / "long.txt").open("wb") as file:
        file.truncate(500 * MEGABYTE)
    started = time.monotonic()
    (result,) = pools[SECONDS].parse(find_files([tmp_path]).files)
    assert result.source.outcome == "too_large"
    assert time.monotonic() - started < STARTING


NAMES = [
    "two\nlines.txt",
    "quo'te\"s.txt",
    "-rf",
    "right\u202eto left.txt",
    "<img src=x>.txt",
    "\x1b[31mred.txt",
    "n" * 251 + ".txt",
]


def test_odd_names_are_kept_shown_harmlessly_and_removed(tmp_path):
    """F29. A name that is no text at all is met in `test_discovery.py`."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_text(f"Leave of sort {number} lasts sixteen weeks.")
    assert command("add", str(folder), kb=tmp_path / "kb").returncode == 0
    listed = command("list", kb=tmp_path / "kb").stdout
    assert not {"\u202e", "\x1b"} & set(listed)
    assert all(
        name in listed for name in ("two\\nlines.txt", "\\x1b[31mred.txt", "right\\u202eto left.txt", "<img src=x>")
    )
    stored = json.loads(command("list", "--json", kb=tmp_path / "kb").stdout)
    uris = [row["source"] for row in (stored["documents"] if isinstance(stored, dict) else stored)]
    assert sorted(uris) == sorted(str(folder / name) for name in NAMES)
    for uri in uris:
        assert command("remove", "--", uri, kb=tmp_path / "kb").returncode == 0
    assert "sort" not in command("list", kb=tmp_path / "kb").stdout


def command(name: str, *arguments: str, kb: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", name, "--kb", str(kb), *arguments], capture_output=True, text=True, timeout=120
    )
