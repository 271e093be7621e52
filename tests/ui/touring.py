"""Every page of the user interface in the state in which it shows most: for looks and for pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WAIT = 60_000  # milliseconds


def ask_first(page: Any, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="How many tokens").wait_for(timeout=WAIT)


def ask(page: Any, url: str) -> None:
    """A conversation that was held: a refusal, quotations, and a model's answer with every sign."""
    page.goto(f"{url}/history")
    page.locator('[data-testid="stExpander"] summary').first.click(timeout=WAIT)
    page.get_by_role("button", name="Continue").click(timeout=WAIT)
    page.get_by_role("button", name="✗ 2").wait_for(timeout=WAIT)
    page.get_by_role("button", name="~").last.click()
    picture = page.locator('[data-testid="stImage"] img')
    picture.wait_for(timeout=WAIT)
    page.wait_for_timeout(500)
    picture.scroll_into_view_if_needed()


def library(page: Any, url: str) -> None:
    page.goto(f"{url}/library")
    words = page.get_by_label("Words or a question")
    words.fill("exit codes", timeout=WAIT)
    words.press("Enter")
    page.get_by_text("passages in").wait_for(timeout=WAIT)


def history(page: Any, url: str) -> None:
    page.goto(f"{url}/history")
    page.locator('[data-testid="stExpander"] summary').first.click(timeout=WAIT)
    page.get_by_role("button", name="Continue").wait_for(timeout=WAIT)


def evaluate(page: Any, url: str) -> None:
    page.goto(f"{url}/evaluate")
    page.get_by_text("6 questions").first.click(timeout=WAIT)
    page.get_by_role("button", name="Save as CSV").wait_for(timeout=WAIT)
    page.frame_locator("iframe").get_by_role("heading", name="Does it pay?").wait_for(timeout=WAIT)


def models(page: Any, url: str) -> None:
    page.goto(f"{url}/models")
    page.get_by_label("Server", exact=True).fill("tgi:http://127.0.0.1:9", timeout=WAIT)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Test").click(timeout=WAIT)
    page.get_by_text("✗").first.wait_for(timeout=WAIT)


PAGES: dict[str, Callable[[Any, str], None]] = {
    "ask-first": ask_first,
    "ask": ask,
    "library": library,
    "history": history,
    "evaluate": evaluate,
    "models": models,
}
