"""What a model writes at a document's behest, in a real browser: it is read, and nothing is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import Assistant
from tests.assistant.test_prompt_cases_answering import FORMS, LEASE, QUESTION
from tests.ui.browser import FLAGS, chromium, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
WAIT = 60_000  # milliseconds
NAME = "me@evil.example www.evil.example lease.md"


def test_nothing_is_asked_for_that_an_answer_names(tmp_path: Path) -> None:
    """Every form of P6 in one answer, while it is written, when it is checked, among the sources and in the history."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra [test] is not installed")
    path = chromium()
    said = "\n\n".join(form.replace("{}", "i-earn-4711") for form in FORMS.values())
    (tmp_path / NAME).write_text(f"{LEASE}\n{said}\n", encoding="utf-8")
    (tmp_path / "replies.json").write_text(
        json.dumps([f"The deposit is 1,450 euros, due in March. [1] {said} [1]"] * 3)
    )
    with Assistant.open(tmp_path / "kb", embedder="hashing") as kestrel:
        kestrel.add(tmp_path / NAME)
    with (
        serving(tmp_path / "kb", "--llm", f"scripted:{tmp_path / 'replies.json'}") as url,
        playwright.sync_playwright() as api,
    ):
        browser = api.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page()
        requested: list[str] = []
        dialogs: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        box = page.get_by_placeholder("Ask your documents")
        box.wait_for(timeout=WAIT)
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text("Copy as").first.wait_for(timeout=WAIT)
        page.wait_for_timeout(1000)
        main = page.locator("main").first
        assert "1,450 euros" in main.inner_text()
        assert "203.0.113.7/i-earn-4711" in main.inner_text(), "it is there to be read"
        live = main.locator('a[href*="203.0.113"], a[href*="invalid"], a[href*="evil"], a[href^="javascript"]')
        assert live.evaluate_all("found => found.map(each => each.outerHTML)") == []
        assert page.locator('a[href^="mailto"]').count() == 0
        assert main.locator('img[src*="203"], script, iframe[srcdoc*="203"]').count() == 0
        page.goto(f"{url}/history")
        page.locator('[data-testid="stExpander"] summary').first.click(timeout=WAIT)
        page.wait_for_timeout(1000)
        browser.close()
    local = (url, url.replace("http", "ws", 1), "data:", "blob:")
    assert [each for each in requested if not each.startswith(local)] == []
    assert dialogs == []
