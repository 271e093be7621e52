"""A Chromium for the tests of each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ui.browser import FLAGS, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra [test] is not installed")
    with playwright.sync_playwright() as api:
        opened = api.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()
