"""Kestrel's server and a real Chromium for the tests of the user interface."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """The browser's path; the test is skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here (Debian: apt-get install chromium)")


def enter(page, key: str) -> None:
    """Gives the key to the page that asks for it."""
    page.get_by_label("Key").fill(key, timeout=60_000)
    page.get_by_role("button", name="Open", exact=True).click()


def cookie_for(url: str, key: str) -> str:
    """What a client without a browser sends along once it has given the key."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/_kestrel/key", urlencode({"key": key}), form)
    answer = connection.getresponse()
    assert answer.status == 303
    connection.close()
    return answer.headers["Set-Cookie"].partition(";")[0]


@contextmanager
def serving(kb: Path, *arguments: str, key: str = "", log: Path | None = None) -> Iterator[str]:
    """`python -m ui` until the block ends, under a key where one is given; yields its address. `log` takes what it
    says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ui", "--kb", str(kb), "--port", str(port), "--no-open", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KESTREL_")}
    if key:
        environment["KESTREL_UI_KEY"] = key
    said = log.open("wb") if log else subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/_stcore/health", server)
        yield url
    finally:
        server.terminate()
        server.wait(20)
        if not isinstance(said, int):
            said.close()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer within a minute")
