"""A profile file on the Models page, in a real Chromium: its path is typed among the profiles that are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.browser import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SERVER = "tgi:http://127.0.0.1:9"  # nothing listens there
WAIT = 60_000  # milliseconds


PROFILE = """[mine]
summary = "A model of one's own"
models = ["mine"]
window = 8192
max_input = 8000
"""


def add(page, profile: str) -> None:
    page.get_by_label("Server", exact=True).fill(SERVER, timeout=WAIT)
    box = page.get_by_role("combobox", name="Profile")
    box.click()
    box.fill(profile)
    page.get_by_role("option", name=profile).wait_for(timeout=WAIT)
    box.press("Enter")
    page.get_by_role("button", name="Add", exact=True).click()


def test_a_profile_file_is_typed_told_to_be_missing_and_kept(tmp_path: Path, browser) -> None:
    own, missing, kept = tmp_path / "mine.toml", tmp_path / "none.toml", tmp_path / "kb" / "endpoints.json"
    own.write_text(PROFILE, "utf-8")
    with serving(tmp_path / "kb") as url:
        page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
        page.goto(f"{url}/models")
        add(page, str(missing))
        page.get_by_text(f"{missing} cannot be read as a file of profiles").wait_for(timeout=WAIT)
        assert not kept.exists()
        add(page, str(own))
        page.get_by_role("button", name="Remove").wait_for(timeout=WAIT)
        assert [each["profile"] for each in json.loads(kept.read_text("utf-8"))] == [str(own)]
        page.goto(f"{url}/models")  # a session of its own
        page.get_by_role("button", name="Remove").wait_for(timeout=WAIT)
        page.context.close()
