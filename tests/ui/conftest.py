"""A Chromium for the tests of each file, and a collection that a page is opened on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Assistant
from tests.ui.browser import FLAGS, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra [test] is not installed")
    with playwright.sync_playwright() as api:
        opened = api.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "parking.md").write_text("# Parking\n\nParking is free on Sundays and public holidays.\n", "utf-8")
    (documents / "glasses.md").write_text("# Glasses\n\nThe company pays 200 euros for glasses.\n", "utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(documents)
    monkeypatch.setenv("KESTREL_KB", str(tmp_path / "kb"))
    monkeypatch.delenv("KESTREL_LLM", raising=False)
    return tmp_path / "kb"
