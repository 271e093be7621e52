"""A real server under a key: what each of its routes answers without one, and the way of a browser through the door."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from assistant import Assistant
from tests.ui.browser import serving
from tests.ui.readability import texts, wider_than_the_screen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
KEY = "a-Key-of-some-length-4711"
COLLECTION = "canary-collection"
SENTENCE = "The canary sleeps in the north tower"
WAIT = 60_000  # milliseconds

ROUTES = {  # of Streamlit, each with a request that it takes and the status of what it answers without a key
    "/_stcore/health": ("GET", "/_stcore/health", 200),
    "/_stcore/metrics": ("GET", "/_stcore/metrics", 200),  # counts and the names of functions
    "/_stcore/host-config": ("GET", "/_stcore/host-config", 200),
    "/media/{file_id:path}": ("GET", "/media/0.png", 404),  # what is shown is named by a hash of its content
    "/_stcore/upload_file/{session_id}/{file_id}": ("PUT", "/_stcore/upload_file/a/b", 403),
    "/component/{path:path}": ("GET", "/component/x/index.html", 404),
    "/_stcore/bidi-components/{path:path}": ("GET", "/_stcore/bidi-components/x/index.js", 404),
    "/_stcore/stream": ("GET", "/_stcore/stream", 200),  # not opened as a WebSocket: the page without content
    "/auth/login": ("GET", "/auth/login", 302),  # leads to the door: no provider is known
    "/auth/logout": ("GET", "/auth/logout", 302),
    "/oauth2callback": ("GET", "/oauth2callback", 302),
    "/_stcore/agent/interact": ("POST", "/_stcore/agent/interact", 403),
    "/_stcore/agent/openapi.json": ("GET", "/_stcore/agent/openapi.json", 200),  # says that it is off
    "/_stcore/agent/mcp": ("POST", "/_stcore/agent/mcp", 400),
    "": ("GET", "/library", 200),  # Streamlit's own files, the same for every application
}


@dataclass(frozen=True)
class Server:
    url: str
    log: Path
    secrets: tuple[str, ...]

    def answer(self, method: str, path: str) -> tuple[int, str]:
        """Status, and headers and body as one text."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        body = b"{}" if method in {"PUT", "POST"} else None
        connection.request(method, path, body, {"Content-Type": "application/json", "Accept": "*/*"})
        found = connection.getresponse()
        told = f"{found.headers}\n{found.read().decode('utf-8', 'replace')}"
        connection.close()
        return found.status, told

    def holds(self, text: str) -> list[str]:
        """The secrets that a text tells."""
        return [secret for secret in self.secrets if secret in text]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("canary-home")
    (home / "documents").mkdir()
    (home / "documents" / "canary-file.md").write_text(f"# Birds\n\n{SENTENCE}.\n", "utf-8")
    with Assistant.open(home / COLLECTION) as kestrel:
        kestrel.add(home / "documents")
    with serving(home / COLLECTION, key=KEY, log=home / "log") as url:
        yield Server(url, home / "log", (KEY, COLLECTION, SENTENCE, "canary-file", str(home)))


def enter(page, key: str = KEY) -> None:
    page.get_by_label("Key").fill(key, timeout=WAIT)
    page.get_by_role("button", name="Open", exact=True).click()


def test_every_route_that_streamlit_has_is_here() -> None:
    from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

    assert {route.path for route in create_streamlit_routes(MagicMock())} == set(ROUTES)  # type: ignore[attr-defined]


def test_without_the_key_no_route_tells_anything(server: Server, browser) -> None:
    page = browser.new_context().new_page()  # one that has it has asked meanwhile
    page.goto(server.url)
    enter(page)
    page.get_by_placeholder("Ask your documents").fill("Where does the canary sleep?", timeout=WAIT)
    page.keyboard.press("Enter")
    page.locator(".st-key-conversation").get_by_text("north tower").first.wait_for(timeout=WAIT)
    for method, path, status in ROUTES.values():
        found, told = server.answer(method, path)
        assert (path, found, server.holds(told)) == (path, status, [])
        for other in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert server.holds(server.answer(other, path)[1]) == [], (other, path)
    page.context.close()


def test_a_session_without_the_key_is_sent_the_door_alone(server: Server, browser) -> None:
    page = browser.new_context().new_page()
    sent: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(as_bytes(frame))))
    page.goto(f"{server.url}/library")
    enter(page, KEY.lower())
    page.get_by_text("That is not the key").wait_for(timeout=WAIT)
    received = b"".join(sent)
    assert b"These pages are under a key" in received
    assert server.holds(received.decode("utf-8", "replace")) == []
    assert [title for title in (b"Library", b"History", b"Evaluate", b"Models", b"Ask") if title in received] == []
    page.context.close()


def as_bytes(frame: bytes | str) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_through_the_door(server: Server, browser, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/library")
    page.get_by_label("Key").fill("wrong", timeout=WAIT)
    page.get_by_label("Key").press("Enter")
    page.get_by_text("That is not the key").wait_for(timeout=WAIT)
    assert page.get_by_label("Key").input_value() == ""
    page.wait_for_timeout(400)
    assert [text for text in texts(page) if not text.readable] == []
    assert page.get_by_role("textbox").count() == 1
    assert page.get_by_test_id("stSidebar").count() == page.get_by_test_id("stSidebarNav").count() == 0
    page.set_viewport_size({"width": 375, "height": 800})
    page.wait_for_timeout(400)
    assert wider_than_the_screen(page) == []
    page.set_viewport_size({"width": 1400, "height": 1000})
    enter(page)
    page.get_by_role("heading", name="Library").wait_for(timeout=WAIT)  # which the link led to
    assert page.url == f"{server.url}/library"
    page.get_by_role("link", name="Ask").click()
    page.get_by_placeholder("Ask your documents").wait_for(timeout=WAIT)
    assert [url for url in [*asked, page.url] if KEY in url] == []
    assert KEY not in page.content()
    another = context.new_page()
    another.goto(server.url)
    another.get_by_label("Key").wait_for(timeout=WAIT)
    assert KEY not in server.log.read_text("utf-8", "replace")
    assert "A wrong key was given" in server.log.read_text("utf-8", "replace")
    context.close()
