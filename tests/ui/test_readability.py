"""Every page in light, dark and narrow: what is written stands out, nothing sticks out, all is reached by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.browser import serving
from tests.ui.furnished import furnish
from tests.ui.readability import texts, wider_than_the_screen
from tests.ui.touring import PAGES, WAIT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
NARROW = {"width": 375, "height": 800}

FAULTY = """<body style="background: #fff; margin: 0">
<p style="color: #767676">just</p> <p style="color: #777777">not</p>
<h1 style="color: #949494; font-size: 24px">large</h1> <p style="opacity: .5">faint</p>
<div style="background: #12181e"><p style="color: #17212b">dark on dark</p></div>
<button disabled style="color: #eee">off</button> <input placeholder="hint"><style>::placeholder {color: #ccc}</style>
<div style="width: 500px; height: 9px; background: red"></div></body>"""


@pytest.fixture(scope="module")
def url(browser, tmp_path_factory) -> Iterator[str]:
    kb: Path = tmp_path_factory.mktemp("collections") / "guide"
    furnish(kb)
    with serving(kb) as address:
        yield address


def test_faults_are_seen(browser):
    page = browser.new_context(viewport=NARROW).new_page()
    page.set_content(FAULTY)
    found = {text.text: text.readable for text in texts(page)}
    assert found == {"just": True, "not": False, "large": True, "faint": False, "dark on dark": False, "hint": False}
    assert wider_than_the_screen(page) == ["DIV "]
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_nothing_sticks_out(browser, url: str, scheme: str):
    page = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme=scheme).new_page()
    faults: list[str] = []
    for name, go in PAGES.items():
        page.set_viewport_size({"width": 1400, "height": 1000})
        go(page, url)
        page.wait_for_timeout(400)  # what fades in has done so
        seen = texts(page)
        assert len(seen) > 20
        faults += [f"{name}: {text}" for text in seen if not text.readable]
        page.set_viewport_size(NARROW)
        page.wait_for_timeout(400)
        faults += [f"{name}, narrow: {each}" for each in wider_than_the_screen(page)]
    assert faults == []
    page.context.close()


_FOCUSED = """() => { const each = document.activeElement, style = getComputedStyle(each);
  const field = each.closest('[data-testid="stTextInput"], [data-testid="stSelectbox"]');
  return each.getAttribute('aria-label') || field?.querySelector('label')?.innerText || each.placeholder
    || each.innerText || each.tagName; }"""


def reached(page, most: int = 60) -> list[str]:
    """The names of what the tab key comes to, from the top of the page."""
    names = []
    for _ in range(most):
        page.keyboard.press("Tab")
        names.append(str(page.evaluate(_FOCUSED)).strip())
    return names


def test_a_question_is_asked_and_a_citation_opened_with_keys_alone(browser, url: str):
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    PAGES["ask-first"](page, url)
    names = reached(page)
    wanted = ("Library", "History", "Evaluate", "Models", "Collection", "Documents", "Model", "Ask your documents")
    missing = [each for each in wanted if not any(each in name for name in names)]
    assert missing == []
    assert any("How many tokens" in name for name in names)
    page.get_by_placeholder("Ask your documents").focus()
    page.keyboard.type("Does one damaged page cost the whole document?")
    page.keyboard.press("Enter")
    citation = page.get_by_role("button", name="✓ 1").first
    citation.wait_for(timeout=WAIT)
    page.get_by_text("Choose a numbered citation").wait_for(state="hidden")
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if citation.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.locator(".st-key-source mark").get_by_text("One damaged page").first.wait_for(timeout=WAIT)
    page.context.close()
