"""Two browsers and the command line on one knowledge base: each sees what the others did."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ui.browser import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
WAIT = 60_000  # milliseconds
BRIEF = 15_000


def command(module: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def ask(page, url: str, question: str, answer: str) -> None:
    page.goto(url)
    box = page.get_by_placeholder("Ask your documents")
    box.fill(question, timeout=WAIT)
    box.press("Enter")
    page.locator(".st-key-conversation").get_by_text(answer).first.wait_for(timeout=WAIT)


def test_browsers_and_commands_see_each_others_work(browser, tmp_path: Path):
    facts = {
        "gate.md": "The gate closes at nine in the evening.",
        "badge.md": "A lost badge costs 35 euros.",
        "tea.md": "Tea is served in the library at four.",
        "bikes.md": "Bicycles are repaired on Thursdays.",
    }
    for name, text in facts.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    kb = tmp_path / "kb"
    one, other = (browser.new_context().new_page() for _ in range(2))
    with serving(kb) as url:
        one.goto(url)
        one.get_by_role("button", name="Try the sample collection").wait_for(timeout=WAIT)  # it is empty so far
        other.goto(f"{url}/library")
        other.get_by_text("Nothing here yet.").wait_for(timeout=WAIT)

        command("ingest", "add", tmp_path / "gate.md", "--kb", kb)
        one.get_by_placeholder("Ask your documents").wait_for(timeout=BRIEF)  # without a click
        other.get_by_text("1 document in 1 chunk").wait_for(timeout=BRIEF)

        # Both bring documents in at once, one of them by a command and the other in the browser.
        with ThreadPoolExecutor(1) as beside:
            added = beside.submit(command, "ingest", "add", tmp_path / "badge.md", tmp_path / "tea.md", "--kb", kb)
            one.goto(f"{url}/library")
            one.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(tmp_path / "bikes.md"))
            one.get_by_text("bikes.md").wait_for(timeout=WAIT)
            one.get_by_role("button", name="Add to the collection").click()
            added.result()
        one.get_by_text("1 added, 0 updated").wait_for(timeout=WAIT)
        for page in (one, other):
            page.get_by_text("4 documents in 4 chunks").wait_for(timeout=BRIEF)

        ask(one, url, "What does a lost badge cost?", "35 euros")
        ask(other, url, "When are bicycles repaired?", "Thursdays")
        assert "four" in command("assistant", "ask", "When is tea served?", "--kb", kb)
        for page in (one, other):
            page.goto(f"{url}/history")
            for question in ("What does a lost badge cost", "When are bicycles repaired", "When is tea served"):
                page.get_by_text(question).first.wait_for(timeout=BRIEF)
        listed = command("assistant", "history", "--kb", kb)
        assert "What does a lost badge cost?" in listed

        command("ingest", "remove", tmp_path / "gate.md", "--kb", kb)
        other.goto(f"{url}/library")
        other.get_by_text("3 documents in 3 chunks").wait_for(timeout=BRIEF)
    for page in (one, other):
        page.context.close()
