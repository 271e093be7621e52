"""What a person stops, and what they limit, in a real browser: an answer while it is written, a run, the documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Assistant
from tests.support.raw_server import http, stream_head
from tests.support.raw_server import serving as raw_serving
from tests.ui.browser import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
WAIT = 60_000  # milliseconds
QUESTION = "What does a lost badge cost?"
WORDS = ["A", " lost", " badge", " costs", " 35", " euros", *[f" and {number}" for number in range(200)]]


@pytest.fixture
def page(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "badges.md").write_text("# Badges\n\nA lost badge costs 35 euros.\n", encoding="utf-8")
    (folder / "keys.md").write_text("# Keys\n\nA lost key costs 80 euros.\n", encoding="utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(folder)
    return tmp_path / "kb"


def slow_answer() -> list[bytes | float]:
    """A word every half second: 100 s in all."""
    events = ({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in WORDS)
    told = (f"data: {json.dumps(event)}\n\n".encode() for event in events)
    return [stream_head(), *(step for event in told for step in (event, 0.5))]


def test_an_answer_is_stopped_while_it_is_written_and_the_server_is_left_alone(page, collection):
    entry = {"id": "small", "object": "model", "max_model_len": 4096}
    routes = {
        "/v1/models": [[http(200, {"object": "list", "data": [entry]})]],
        "/v1/chat/completions": [slow_answer()],
    }
    with raw_serving(routes) as server, serving(collection, "--llm", f"openai:{server.url}/v1#small") as url:
        page.goto(url)
        box = page.get_by_placeholder("Ask your documents")
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text("costs 35 euros and 0").first.wait_for(timeout=WAIT)
        page.get_by_test_id("stChatInputStopButton").click()
        assert server.abandoned.wait(10), "the server goes on writing for nobody"
        page.get_by_text("Not checked against the documents yet.").wait_for(timeout=WAIT)
        assert page.get_by_text("35 euros and 0").first.is_visible(), "what had come is lost"
        assert page.get_by_text("and 199").count() == 0


def test_a_question_is_limited_to_one_document(page, collection):
    with serving(collection) as url:
        page.goto(url)
        page.get_by_placeholder("Ask your documents").wait_for(timeout=WAIT)
        chooser = page.locator('[data-testid="stMultiSelect"] input')
        chooser.fill("keys")
        chooser.press("Enter")
        page.locator('[data-testid="stMultiSelect"]').get_by_text("keys.md").wait_for(timeout=WAIT)
        box = page.get_by_placeholder("Ask your documents")
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text("Copy as").first.wait_for(timeout=WAIT)
        assert page.get_by_text("35 euros").count() == 0
