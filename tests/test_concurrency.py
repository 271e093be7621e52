"""One knowledge base used by everything at once: writers, readers, maintenance, the command line, and a browser."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.store import open_store
from tests.support.sharing import FILES, WRITERS, fill, path_of, question
from tests.ui.browser import FLAGS, chromium, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SEED = 15
SECONDS = 60
WAIT = 60_000  # milliseconds
ABSTAINED = 8


def start(folder: Path, role: str, seed: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.sharing", role, str(folder), str(SECONDS), seed, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> int:
    printed, problems = process.communicate(timeout=SECONDS + 120)
    assert process.returncode == 0, problems
    return int(printed)


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def use_command_line(kb: Path, choose: random.Random) -> None:
    """One command, drawn at random; what it prints holds one version of each document."""
    which = choose.randrange(4)
    if which == 0:
        code, printed = run("assistant", "ask", question(choose), "--kb", str(kb), "--json", "--no-keep")
        assert code in {0, ABSTAINED}, printed
        texts = [(passage["source"], passage["text"]) for passage in json.loads(printed)["passages"]]
    elif which == 1:
        code, printed = run("ingest", "search", question(choose), "--kb", str(kb), "--json")
        assert code == 0
        texts = [(hit["source"], hit["text"]) for hit in json.loads(printed)]
    elif which == 2:
        code, printed = run("ingest", "verify", "--full", "--kb", str(kb), "--json")
        assert (code, json.loads(printed)["findings"]) == (0, []), printed
        return
    else:
        name = f"{choose.choice(WRITERS)}-{choose.randrange(FILES)}"
        code, printed = run("ingest", "add", str(path_of(kb.parent, name)), "--kb", str(kb), "--workers", "1", "--json")
        assert (code, json.loads(printed)["failed"]) == (0, []), printed
        return
    assert texts
    versions: dict[str, set[str]] = {}
    for source, text in texts:
        versions.setdefault(source, set()).update(re.findall(r"version (\d+)", text))
    assert all(len(found) == 1 for found in versions.values()), versions


@contextmanager
def browsing(kb: Path) -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra [test] is not installed")
    path = chromium()
    with serving(kb) as url, playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page()
        page.goto(url)
        page.get_by_placeholder("Ask your documents").wait_for(timeout=WAIT)
        yield page
        browser.close()


def use_page(page, choose: random.Random) -> None:
    """Load the page anew and ask; the answer is there, without an error beside it."""
    page.reload()
    box = page.get_by_placeholder("Ask your documents")
    box.wait_for(timeout=WAIT)
    box.fill(question(choose))
    box.press("Enter")
    page.get_by_text("Copy as").or_(page.get_by_text("That did not work")).first.wait_for(timeout=WAIT)
    said = page.get_by_test_id("stChatMessage").last.inner_text()
    assert "That did not work" not in said, said
    assert page.get_by_test_id("stException").count() == 0
    by_book = re.findall(r"of (\w+-\d+) in version (\d+)", said)
    assert by_book, said
    assert len(set(by_book)) == len({book for book, _ in by_book}), by_book


@pytest.mark.skipif(os.name != "posix", reason="needs a browser of the system")
def test_everything_at_once_for_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path)
    choose = random.Random(SEED)
    counts = dict.fromkeys(("commands", "pages"), 0)
    with browsing(tmp_path / "kb") as page:
        processes = {
            **{f"writer {side}": start(tmp_path, "write", f"{SEED} {side}", side) for side in WRITERS},
            **{f"reader {number}": start(tmp_path, "read", f"{SEED} {number}") for number in range(3)},
            "maintenance": start(tmp_path, "maintain", f"{SEED}"),
        }
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            use_command_line(tmp_path / "kb", choose)
            counts["commands"] += 1
            use_page(page, choose)
            counts["pages"] += 1
        counts |= {name: finish(process) for name, process in processes.items()}
    store = open_store(tmp_path / "kb")
    assert list(store.verify(full=True)) == []
    assert len(store.sources()) == FILES * len(WRITERS)
    store.close()
    with capsys.disabled():
        print(f"\n{SECONDS} s at once: {counts}, no error, no mixture")
    assert min(counts.values()) > 0
