"""An ingest that is killed or stopped at any moment has lost nothing, and the next one goes on."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.pdf_files import make_pdf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

FILES = 60
ROUNDS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(FILES):
        body = "\n\n".join(
            f"# Rule {n}\n\nRule {n} of book {number} says: keep {n * number} receipts." for n in range(30)
        )
        (docs / f"book-{number:02}.md").write_text(body, encoding="utf-8")
        os.utime(docs / f"book-{number:02}.md", (1.7e9, 1.7e9))
    return docs


@pytest.fixture
def reports(folder: Path) -> Path:
    """The folder with a PDF of some pages in place of every second book."""
    for number in range(0, FILES, 2):
        (folder / f"book-{number:02}.md").unlink()
        pages = [
            [f"Rule {n} of report {number} says: keep {n * number + line} receipts." for line in range(30)]
            for n in range(4)
        ]
        (folder / f"report-{number:02}.pdf").write_bytes(make_pdf(pages))
        os.utime(folder / f"report-{number:02}.pdf", (1.7e9, 1.7e9))
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ingest", *map(str, arguments), "--json"]


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*command("add", folder, "--kb", folder.parent / "kb"), "--embedder", "hashing", "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def is_gone(group: int, seconds: float = 10.0) -> bool:
    """Whether no process of a group is left, or is soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def asked(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout


def check(kb: Path, at_least: int) -> int:
    """Everything that is in is whole; returns how many documents there are."""
    code, printed = asked("verify", "--full", "--kb", kb)
    if code == 4:  # killed before the knowledge base was made
        return 0
    report = json.loads(printed)
    assert (code, report["findings"]) == (0, [])
    assert report["documents"] >= at_least, "a document that was there is gone"
    return int(report["documents"])


@pytest.mark.slow
def test_kill_at_random_moments(folder):
    kill_at_random_moments(folder, seed=7)


@pytest.mark.slow
def test_kill_at_random_moments_while_pdfs_are_read(reports):
    kill_at_random_moments(reports, seed=8)


@pytest.mark.slow
def test_two_over_one_folder_leave_what_one_would(folder):
    both = [start(folder), start(folder)]
    assert [process.wait(timeout=240) for process in both] == [0, 0]
    code, printed = asked("add", folder, "--kb", folder.parent / "kb", "--embedder", "hashing")
    report = json.loads(printed)
    assert (code, report["documents"], report["unchanged"], report["failed"]) == (0, FILES, FILES, [])
    assert check(folder.parent / "kb", FILES) == FILES


def kill_at_random_moments(folder, seed):
    moments = random.Random(seed)
    kb = folder.parent / "kb"
    stored = 0
    for _ in range(ROUNDS):
        process = start(folder)
        time.sleep(moments.uniform(0.2, 2.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        stored = check(kb, stored)
    code, printed = asked("add", folder, "--kb", kb, "--embedder", "hashing")
    report = json.loads(printed)
    assert (code, report["documents"], report["failed"]) == (0, FILES, [])
    assert report["unchanged"] == stored
    assert check(kb, FILES) == FILES


@pytest.mark.parametrize(
    ("ending", "codes"),
    [(signal.SIGINT, (130, -signal.SIGINT, 0)), (signal.SIGTERM, (-signal.SIGTERM, 0))],
)
def test_ctrl_c_stops_at_once_and_the_next_run_goes_on(folder, ending, codes):
    """Ctrl-C as a person has it, and the signal that service managers send, which shells report as 143.

    Where the interpreter is ending already, SIGINT ends it by itself; shells report 130 for that too.
    """
    process = start(folder)
    time.sleep(1.2)
    process.send_signal(ending)
    started = time.monotonic()
    code = process.wait(timeout=30)
    assert time.monotonic() - started < 5
    assert code in codes, "0 where the run was done before the signal came"
    assert is_gone(process.pid), "a worker was left behind"
    stored = check(folder.parent / "kb", 0)
    code, printed = asked("add", folder, "--kb", folder.parent / "kb", "--embedder", "hashing")
    assert (code, json.loads(printed)["unchanged"]) == (0, stored)
