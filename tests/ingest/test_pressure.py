"""A hostile corpus is ingested while memory and disk are short and the process is killed, again and again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import hostile_files, hostile_pdfs
from tests.support.pdf_files import make_pdf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux"),
]

SEED = 16
ROUNDS = 9
GOOD, MORE = 20, 8  # files at first, and with each round
FAILED_SOME = 3  # exit code
MEGABYTE = 1 << 20
DISK = 330 * MEGABYTE  # little more than the store wants left free
BAD = {
    *("lies.docx", "laughs.docx", "names.docx", "password.docx", "parts.epub", "deep.html", "deep.json", "quotes.md"),
    *("zalgo.txt", "number.json", "cut in half", "a billion pages claimed", "100,000 arrays in each other"),
    *("a page tree in a circle", "garbage"),
}


def write_good(folder: Path, number: int) -> None:
    rules = [f"Rule {line} of report {number} says: keep {line * number} receipts." for line in range(60)]
    path = folder / f"good-{number:03}.{'pdf' if number % 2 else 'md'}"
    path.write_bytes(make_pdf([rules[:30], rules[30:]]) if number % 2 else "\n\n".join(rules * 5).encode())
    os.utime(path, (1.7e9, 1.7e9))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(GOOD):
        write_good(folder, number)
    for _, name, make, _ in (*hostile_pdfs.CASES, *hostile_files.CASES):
        if name in BAD:
            path = folder / (name if "." in name else f"{name}.pdf")
            path.write_bytes(make())
            os.utime(path, (1.7e9, 1.7e9))
    assert len(list(folder.iterdir())) == GOOD + len(BAD)
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where mounting is allowed; else a folder, and only growth can be forbidden."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "kestrel", str(folder)]
    mounted = (
        subprocess.run(command, capture_output=True, check=False).returncode == 0 if shutil.which("mount") else False
    )
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Hog:
    """Takes what is left of a disk, and gives it back."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "hog"
        self.able = os.path.ismount(disk)

    def take(self, left: int) -> None:
        if self.able:
            free = shutil.disk_usage(self._path.parent).free
            with self._path.open("ab") as file:
                os.posix_fallocate(file.fileno(), self._path.stat().st_size, max(1, free - left))

    def give_back(self) -> None:
        self._path.unlink(missing_ok=True)


def limits(memory: int, growth: int) -> Callable[[], None]:
    """What the process may have: address space, and bytes of any one file; 0 for as much as it wants."""

    def limit() -> None:
        import resource

        for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, growth)):
            if most:
                resource.setrlimit(kind, (most, most))

    return limit


def start(docs: Path, kb: Path, memory: int = 0, growth: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ingest", "add", str(docs), "--kb", str(kb), "--embedder", "hashing", "--json"]
    return subprocess.Popen(
        [*command, "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limits(memory, growth),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )


def end(process: subprocess.Popen[str], seconds: float) -> tuple[int, str, str]:
    try:
        printed, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, said = process.communicate()
    return process.returncode, printed, said


def stored(kb: Path, at_least: int) -> int:
    """How many documents there are; everything that is in is whole, and nothing that was in is gone."""
    command = [sys.executable, "-m", "ingest", "verify", "--full", "--kb", str(kb), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 4:  # ended before the knowledge base was made
        return 0
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"]) == (0, []), report
    assert report["documents"] >= at_least
    return int(report["documents"])


def test_hostile_files_under_pressure_and_kills(docs: Path, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choose = random.Random(SEED)
    kb, hog, documents = disk / "kb", Hog(disk), 0
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        kind = ("memory", "disk", "growth")[number % 3]
        for more in range(MORE):
            write_good(docs, GOOD + number * MORE + more)
        memory = choose.randrange(300, 1200) * MEGABYTE if kind == "memory" else 0
        growth = choose.randrange(20_000, 500_000) if kind == "growth" else 0
        process = start(docs, kb, memory, growth)
        if kind == "disk":
            time.sleep(choose.uniform(0.6, 1.2))  # past the look at the room that is left
            hog.take(left=choose.randrange(1_000_000))
        code, printed, said = end(process, choose.uniform(1.0, 4.0))
        ends[f"{kind}: {'killed' if code < 0 else code}"] += 1
        crashed = {-signal.SIGSEGV, -signal.SIGABRT} if kind == "memory" else set()  # of libraries that get none
        assert code in {0, 1, FAILED_SOME, -signal.SIGKILL} | crashed, (kind, code, printed, said)
        assert "Traceback" not in said, (kind, said)
        assert "fault in Kestrel" not in said or "ImportError" in said, (kind, memory, said)  # no room for a library
        hog.give_back()
        documents = stored(kb, documents)
    code, printed, said = end(start(docs, kb), 300)
    report = json.loads(printed)
    failed = {Path(each["source"]).name for each in report["failed"]}
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds under pressure, own disk {hog.able}: {dict(ends)}")
    assert code == FAILED_SOME, said
    assert not {name for name in failed if name.startswith("good")}
    assert stored(kb, GOOD + ROUNDS * MORE) >= GOOD + ROUNDS * MORE
