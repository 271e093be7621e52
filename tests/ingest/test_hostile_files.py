"""Whatever a file is made to do, it costs itself only: each has its outcome in time, and nothing leaves the worker."""

from __future__ import annotations

import time

import psutil
import pytest

from ingest.discovery import find_files
from ingest.parsing import ParsedFile
from ingest.workers import Limits, ParserPool
from tests.support import hostile_files, hostile_pdfs
from tests.support.odd_parts import HalvingChunker

SECONDS = 8.0  # for one file here; a run allows 60
STARTING = 15.0  # what a busy machine needs beside that to begin anew after a file that ended its worker
MEGABYTE = 1_000_000

pytestmark = pytest.mark.slow

PDFS = [(number, f"{name}.pdf", make, right) for number, name, make, right in hostile_pdfs.CASES]
ALL = [*PDFS, *hostile_files.CASES]


@pytest.fixture(scope="module")
def pool():
    with ParserPool(HalvingChunker(), limits=Limits(seconds=SECONDS), workers=1) as pool:
        yield pool


@pytest.mark.parametrize(
    ("name", "make", "right"), [pytest.param(*case[1:], id=f"{case[0]} {case[1]}") for case in ALL]
)
def test_every_file_has_its_outcome(tmp_path, pool, name, make, right):
    (tmp_path / name).write_bytes(make())
    memory, started = psutil.Process().memory_info().rss, time.monotonic()
    (result,) = pool.parse(find_files([tmp_path]).files)
    assert result.source.outcome in right, result.source.reason
    assert time.monotonic() - started < SECONDS + STARTING
    assert psutil.Process().memory_info().rss - memory < 150 * MEGABYTE
    assert "\n" not in result.source.reason
    if isinstance(result, ParsedFile):
        assert not {"secret", "outside", "root:x"} & set(result.document.text.split())
    assert [path.name for path in tmp_path.iterdir()] == [name], "a file was written beside it"
