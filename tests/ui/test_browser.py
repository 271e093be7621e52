"""A way through the pages in a real browser: upload, watch, ask, click a citation, see the box, be refused."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from eval.question_sets.kept import keep_questions
from eval.samples import Question
from tests.ui.browser import serving
from ui.widgets.source import FRAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
WAIT = 60_000  # milliseconds

HOSTILE = """# Notes <img src=x onerror="fetch('/stolen')">

The gate code is <script>document.title='pwned'</script> 4711 and ![x](http://example.invalid/track.png) is an image.
See http://example.invalid/link and [a link](javascript:alert(1)) and $x^2$ and :red[red] \u202egnp.exe\u202c here.
"""

SET = """{"question": "What does a lost badge cost?", "answers": ["35 euros"]}
{"question": "Where is the badge of a visitor returned?", "answers": ["at the gate"]}
"""


@pytest.fixture
def page(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    opened = context.new_page()
    opened.requested = []
    opened.on("request", lambda request: opened.requested.append(request.url))
    yield opened
    context.close()


def outside(page, url: str) -> list[str]:
    local = (url, url.replace("http", "ws", 1), "data:", "blob:")
    return [each for each in page.requested if not each.startswith(local)]


def write_pdf(path: Path) -> None:
    canvas = Canvas(str(path))
    canvas.drawString(72, 720, "The badge of a visitor is returned at the gate.")
    canvas.showPage()
    canvas.drawString(72, 500, "A lost badge costs 35 euros, to be paid in cash.")
    canvas.showPage()
    canvas.save()


def withhold_what_is_served_apart(page) -> None:
    """A picture that the server has for a moment only never comes, as it may on a slow machine."""

    def answer(route) -> None:
        route.abort() if route.request.resource_type == "image" else route.continue_()

    page.route("**/media/**", answer)


def test_upload_ask_cite_and_refuse(page, tmp_path: Path):
    withhold_what_is_served_apart(page)
    write_pdf(tmp_path / "badges.pdf")
    (tmp_path / "set.jsonl").write_text(SET, encoding="utf-8")
    with serving(tmp_path / "kb") as url:
        page.goto(f"{url}/library")
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(tmp_path / "badges.pdf"))
        page.get_by_text("badges.pdf").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Add to the collection").click()
        page.get_by_text("1 added, 0 updated").wait_for(timeout=WAIT)
        assert (tmp_path / "kb" / "files" / "badges.pdf").is_file()

        page.get_by_role("link", name="Ask").click()
        box = page.get_by_placeholder("Ask your documents")
        box.wait_for(timeout=WAIT)
        box.fill("What does a lost badge cost?")
        box.press("Enter")
        page.get_by_role("button", name="✓ 1").first.wait_for(timeout=WAIT)
        page.get_by_role("button", name="✓ 1").first.click()
        page.locator("mark").get_by_text("35 euros").wait_for(timeout=WAIT)
        image = page.locator('[data-testid="stImage"] img')
        image.wait_for(timeout=WAIT)
        image.scroll_into_view_if_needed()
        height, framed = _framed(page, image)
        middle = sum(y for _, y in framed) / len(framed) / height
        assert abs(middle - (842 - 500) / 842) < 0.03  # the line stands 500 points above the foot of an A4 page

        box.fill("Who was the first woman on the moon?")
        box.press("Enter")
        page.get_by_text("Not found in these documents").wait_for(timeout=WAIT)

        page.get_by_role("link", name="Evaluate").click()
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(tmp_path / "set.jsonl"))
        page.get_by_text("set.jsonl").wait_for(timeout=WAIT)
        page.get_by_role("button", name="Add the question set").click()
        page.get_by_role("button", name="Compare").click(timeout=WAIT)
        page.get_by_text("that 2 questions could show").first.wait_for(timeout=WAIT)
        report = page.frame_locator("iframe").get_by_role("heading", name="Does it pay?")
        report.wait_for(timeout=WAIT)
        assert outside(page, url) == []


def _framed(page, image) -> tuple[int, list[tuple[int, int]]]:
    """The height of the picture as it is seen, and the places of its box. A page that is drawn anew is pale meanwhile,
    and a picture that is still on its way is white."""
    for _ in range(40):
        drawn = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
        framed = [place for place in _places(drawn) if _near(drawn.getpixel(place), FRAME)]
        if framed:
            return drawn.height, framed
        page.wait_for_timeout(250)
    raise AssertionError("no box was drawn")


def _places(image: Image.Image) -> list[tuple[int, int]]:
    return [(x, y) for y in range(image.height) for x in range(image.width)]


def _near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 60  # it is scaled


def test_what_strangers_wrote_does_nothing(page, tmp_path: Path):
    (tmp_path / "docs").mkdir()
    name = "<img src=x onerror=alert(1)> [x](http:evil) notes.md"
    (tmp_path / "docs" / name).write_text(HOSTILE, encoding="utf-8")
    from assistant import Assistant

    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(tmp_path / "docs")
    asked = Question("q<script>", HOSTILE, answers=("<img src=x onerror=alert(3)>",), source="<b>notes.md")
    keep_questions(tmp_path / "kb", "hostile.jsonl", [asked])
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    with serving(tmp_path / "kb") as url:
        page.goto(url)
        box = page.get_by_placeholder("Ask your documents")
        box.wait_for(timeout=WAIT)
        for question in (
            "What is the gate code?",
            "<img src=x onerror=alert(2)> [y](http://example.invalid) gate code",
        ):
            box.fill(question)
            box.press("Enter")
            page.get_by_text("Copy as").nth(0).wait_for(timeout=WAIT)
        page.wait_for_timeout(1500)
        page.goto(f"{url}/library")
        page.get_by_role("heading", name="Try the search").wait_for(timeout=WAIT)
        page.get_by_label("Words or a question").fill("gate code")
        page.get_by_label("Words or a question").press("Enter")
        page.get_by_text(re.compile(r"passages? in \d")).wait_for(timeout=WAIT)
        _looks_at_history(page, url)
        _compares(page, url)
        assert (
            page.locator('main a[href*="example.invalid"], main a[href*="evil"], main a[href^="javascript"]').count()
            == 0
        )
        assert page.locator('main img[src="x"], main script').count() == 0
        assert page.title() != "pwned"
        assert alerts == []
        assert outside(page, url) == []
        assert not [each for each in page.requested if "stolen" in each or "track.png" in each]


def _looks_at_history(page, url: str) -> None:
    page.goto(f"{url}/history")
    page.locator('[data-testid="stExpander"] summary').first.click(timeout=WAIT)
    page.get_by_role("button", name="Continue").wait_for(timeout=WAIT)


def _compares(page, url: str) -> None:
    page.goto(f"{url}/evaluate")
    page.get_by_role("button", name="Compare").click(timeout=WAIT)
    page.frame_locator("iframe").get_by_role("heading", name="Does it pay?").wait_for(timeout=WAIT)
    page.wait_for_timeout(500)
