"""Draws the pictures of docs/ui.md anew: `python docs/build_pictures.py`. Needs a Chromium and the extra [test].

Look at each of them before it is committed: what is ugly here is ugly for everyone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from assistant.demo import SAMPLE
from tests.ui.browser import FLAGS, chromium, serving
from tests.ui.furnished import furnish
from tests.ui.touring import PAGES

PICTURES = Path(__file__).parent / "pictures"
SIZE, NARROW = {"width": 1400, "height": 1000}, {"width": 375, "height": 800}
DOOR = {"width": 900, "height": 480}


def build() -> None:
    """Every page of a furnished collection, in light; Ask in dark and on a telephone as well."""
    home = Path(tempfile.gettempdir()) / "kestrel"  # it is seen on the Library page
    home.mkdir()
    try:
        shutil.copytree(SAMPLE, home / "documents")
        furnish(home / "guide")
        furnish(home / "library" / "guide", home / "documents")  # whose paths are no one's
        with sync_playwright() as api:
            browser = api.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            with serving(home / "guide") as url:
                for name in PAGES:
                    _draw(browser, url, name, "light")
                _draw(browser, url, "ask", "dark")
            with serving(home / "guide", key="a-key-that-opens-nothing") as url:
                _draw_door(browser, url)
            with serving(home / "library" / "guide") as url:
                _draw(browser, url, "library", "light")
            browser.close()
    finally:
        shutil.rmtree(home)


def _draw(browser: Any, url: str, name: str, scheme: str) -> None:
    page = browser.new_context(viewport=SIZE, color_scheme=scheme).new_page()
    PAGES[name](page, url)
    _keep(page, name if scheme == "light" else f"{name}-{scheme}")
    if name == "ask" and scheme == "light":
        page.set_viewport_size(NARROW)
        _keep(page, "ask-narrow")
    page.context.close()


def _draw_door(browser: Any, url: str) -> None:
    page = browser.new_context(viewport=DOOR, color_scheme="light").new_page()
    page.goto(url)
    page.get_by_label("Key").wait_for()
    _keep(page, "door")
    page.context.close()


def _keep(page: Any, name: str) -> None:
    page.mouse.move(1, 990)  # over nothing that would explain itself
    page.wait_for_timeout(1000)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=str(path))
    Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


if __name__ == "__main__":
    build()
