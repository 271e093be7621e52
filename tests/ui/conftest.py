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
    _forget_what_is_shared()
    return tmp_path / "kb"


def _forget_what_is_shared() -> None:
    """Models of tests before, put in the place of real ones under names that are used again, would answer here."""
    import streamlit

    streamlit.cache_resource.clear()
