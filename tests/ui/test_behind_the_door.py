"""A real server under a key: what each of its routes answers without one, and the way of a browser through the door."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import MagicMock
from urllib.parse import urlencode

import pytest

from assistant import Assistant
from tests.ui.browser import cookie_for, enter, serving
from tests.ui.readability import texts, wider_than_the_screen
from tests.ui.test_strangers import handshake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
KEY = "a-Key-of-some-length-4711"
COLLECTION = "canary-collection"
SENTENCE = "The canary sleeps in the north tower"
WAIT = 60_000  # milliseconds
REFUSED = "A key is needed.\n"

ROUTES = {  # of Streamlit, each with a request that it takes, and what it answers to one who gave the key
    "/_stcore/health": ("GET", "/_stcore/health", 200),
    "/_stcore/metrics": ("GET", "/_stcore/metrics", 200),
    "/_stcore/host-config": ("GET", "/_stcore/host-config", 200),
    "/media/{file_id:path}": ("GET", "/media/0.png", 404),
    "/_stcore/upload_file/{session_id}/{file_id}": ("PUT", "/_stcore/upload_file/a/b", 403),
    "/component/{path:path}": ("GET", "/component/x/index.html", 404),
    "/_stcore/bidi-components/{path:path}": ("GET", "/_stcore/bidi-components/x/index.js", 404),
    "/_stcore/stream": ("GET", "/_stcore/stream", 200),  # not opened as a WebSocket: the page without content
    "/auth/login": ("GET", "/auth/login", 302),  # no provider is known
    "/auth/logout": ("GET", "/auth/logout", 302),
    "/oauth2callback": ("GET", "/oauth2callback", 302),
    "/_stcore/agent/interact": ("POST", "/_stcore/agent/interact", 403),
    "/_stcore/agent/openapi.json": ("GET", "/_stcore/agent/openapi.json", 200),  # says that it is off
    "/_stcore/agent/mcp": ("POST", "/_stcore/agent/mcp", 400),
    "": ("GET", "/library", 200),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Server:
    url: str
    log: Path
    secrets: tuple[str, ...]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def answer(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Status, headers and body."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        body = b"{}" if body is None and method in {"PUT", "POST"} else body
        connection.request(method, path, body, {"Content-Type": "application/json", "Accept": "*/*", **headers})
        found = connection.getresponse()
        told = found.read().decode("utf-8", "replace")
        connection.close()
        return found.status, found.headers, told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("canary-home")
    (home / "documents").mkdir()
    (home / "documents" / "canary-file.md").write_text(f"# Birds\n\n{SENTENCE}.\n", "utf-8")
    with Assistant.open(home / COLLECTION) as kestrel:
        kestrel.add(home / "documents")
    with serving(home / COLLECTION, key=KEY, log=home / "log") as url:
        yield Server(url, home / "log", (KEY, COLLECTION, SENTENCE, "canary-file", str(home)))


def test_every_route_that_streamlit_has_is_here() -> None:
    from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

    assert {route.path for route in create_streamlit_routes(MagicMock())} == set(ROUTES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", [path for _, path, _ in ROUTES.values()])
def test_without_the_key_no_route_answers(server: Server, path: str, method: str) -> None:
    status, headers, told = server.answer(method, path)
    if path == "/_stcore/health" and method in {"GET", "HEAD"}:
        assert (status, told) == (200, "ok" if method == "GET" else "")
        return
    assert (status, told) == (401, "" if method == "HEAD" else REFUSED)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Set-Cookie"] is headers["Access-Control-Allow-Origin"] is None


def test_with_it_each_answers_as_streamlit_does(server: Server) -> None:
    cookie = cookie_for(server.url, KEY)
    for method, path, status in ROUTES.values():
        assert (path, server.answer(method, path, Cookie=cookie)[0]) == (path, status)
    for damaged in (cookie[:-1], f"{cookie}0", cookie.upper(), cookie.partition("=")[0], f"kestrel={KEY}"):
        assert server.answer("GET", "/_stcore/metrics", Cookie=damaged)[0] == 401


def test_without_the_key_no_session_begins(server: Server) -> None:
    port, origin = int(server.url.rpartition(":")[2]), server.url
    assert handshake(port, server.host, origin) == 403
    assert handshake(port, server.host, origin, "kestrel_key_00000000=1") == 403
    assert handshake(port, server.host, origin, cookie_for(server.url, KEY)) == 101


def test_without_the_key_nothing_is_uploaded(server: Server) -> None:
    assert server.answer("PUT", "/_stcore/upload_file/a/b", b"x" * 20_000_000)[0] == 401
    assert server.answer("POST", "/_kestrel/key", b"key=" + b"x" * 20_000)[0] == 413


@pytest.mark.parametrize("path", [f"/?key={KEY}", f"/_kestrel/key?key={KEY}", f"/library?path=/&key={KEY}"])
def test_a_key_in_an_address_is_none(server: Server, path: str) -> None:
    for method in ("GET", "POST"):
        status, headers, told = server.answer(method, path, Accept="text/html")
        assert (status, headers["Set-Cookie"], KEY in told) == (401, None, False)


def test_who_waits_for_a_wrong_key_keeps_nobody_waiting(server: Server) -> None:
    """Answers come while a wrong key waits for its second, and the form itself is served meanwhile."""
    ended: list[float] = []

    def wrong() -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert server.answer("POST", "/_kestrel/key", urlencode({"key": "wrong"}).encode(), **form)[0] == 401
        ended.append(time.monotonic())

    trying = threading.Thread(target=wrong)
    trying.start()
    time.sleep(0.2)
    assert server.answer("GET", "/", Accept="text/html")[0] == 401
    answered = time.monotonic()
    trying.join(30)
    assert answered < ended[0]


def test_a_browser_without_the_key_is_sent_its_page_alone(server: Server, browser) -> None:
    page = browser.new_context().new_page()
    requested, sockets = list[str](), list[str]()
    page.on("request", lambda request: requested.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{server.url}/library")
    enter(page, KEY.lower())
    page.get_by_text("That is not the key").wait_for(timeout=WAIT)
    assert set(requested) <= {f"{server.url}/library", f"{server.url}/_kestrel/key", f"{server.url}/favicon.ico"}
    assert sockets == []
    assert [secret for secret in server.secrets if secret in page.content()] == []
    page.context.close()


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
    assert [text for text in texts(page) if not text.readable] == []
    assert page.get_by_role("textbox").count() == 1
    page.set_viewport_size({"width": 375, "height": 800})
    assert wider_than_the_screen(page) == []
    page.set_viewport_size({"width": 1400, "height": 1000})
    enter(page, KEY)
    page.get_by_role("heading", name="Library").wait_for(timeout=WAIT)  # which the link led to
    assert page.url == f"{server.url}/library"
    page.reload()
    page.get_by_role("heading", name="Library").wait_for(timeout=WAIT)
    page.get_by_role("link", name="Ask").click()
    page.get_by_placeholder("Ask your documents").fill("Where does the canary sleep?", timeout=WAIT)
    page.keyboard.press("Enter")
    page.locator(".st-key-conversation").get_by_text("north tower").first.wait_for(timeout=WAIT)
    assert [url for url in [*asked, page.url] if KEY in url] == []
    assert KEY not in page.content()
    assert "kestrel_key" not in page.evaluate("document.cookie")
    another = context.new_page()
    another.goto(f"{server.url}/history")  # in the same browser nobody is asked again
    another.get_by_role("heading", name="History").wait_for(timeout=WAIT)
    assert KEY not in server.log.read_text("utf-8", "replace")
    assert "A wrong key was given" in server.log.read_text("utf-8", "replace")
    context.close()
