"""What pages of elsewhere, open in the same browser, can reach of a server that asks for no key: nothing."""

from __future__ import annotations

import base64
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.browser import serving

pytestmark = pytest.mark.slow

NAME = "kestrel.example"  # given with --host
ELSEWHERE = "evil.example"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("strangers") / "kb", "--host", NAME) as url:
        yield int(url.rpartition(":")[2])


def handshake(port: int, host: str, origin: str, cookie: str = "") -> int:
    """The status of the answer to a page of `origin` that would open a session; 101 lets it."""
    key = base64.b64encode(bytes(16)).decode()
    wanted = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    lines = [f"{name}: {value}" for name, value in {"Host": host, "Origin": origin, "Cookie": cookie, **wanted}.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(["GET /_stcore/stream HTTP/1.1", *lines, "", ""]).encode())
        return int(connection.recv(100).split()[1])


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", NAME])
def test_pages_of_its_own_are_let_in(port: int, name: str) -> None:
    assert handshake(port, f"{name}:{port}", f"http://{name}:{port}") == 101


def test_a_page_of_elsewhere_is_not(port: int) -> None:
    assert handshake(port, f"127.0.0.1:{port}", f"http://{ELSEWHERE}") == 403
    assert handshake(port, f"127.0.0.1:{port}", "null") == 403


def test_no_other_machine_is_asked_for_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit would ask which address this machine has: at its start, and of a session that another page begins."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(3)
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
        with serving(tmp_path / "kb", "--address", "0.0.0.0", "--no-key") as url:
            port = int(url.rpartition(":")[2])
            assert handshake(port, f"127.0.0.1:{port}", f"http://{ELSEWHERE}") == 403
            assert handshake(port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}") == 101
            with pytest.raises(TimeoutError):
                proxy.accept()


@pytest.mark.parametrize("name", [ELSEWHERE, f"localhost.{ELSEWHERE}", f"127.0.0.1.{ELSEWHERE}", f"sub.{NAME}"])
def test_nor_one_whose_name_means_this_machine_by_now(port: int, name: str) -> None:
    """To the browser it is of one origin with the server."""
    assert handshake(port, f"{name}:{port}", f"http://{name}:{port}") == 403


def test_nothing_is_uploaded_without_the_cookie_of_a_page(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("PUT", "/_stcore/upload_file/a/b", b"x", {"Origin": f"http://{ELSEWHERE}"})
    answer = connection.getresponse()
    assert answer.status == 403
    assert answer.headers["Access-Control-Allow-Origin"] is None
    connection.close()


@pytest.mark.parametrize("path", ["/_stcore/../../../etc/passwd", "/component/../../etc/passwd", "/media/%2e%2e/kb.db"])
def test_no_path_leads_out(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status in {400, 403, 404}
    assert b"root:" not in answer.read()
    connection.close()
