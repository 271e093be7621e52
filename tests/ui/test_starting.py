"""`python -m ui`: what it refuses to start on, what opens in a browser, and what `streamlit run` shows instead."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest  # noqa: TID253

from tests.support.sessions import free_port
from tests.ui.pages import WAIT
from ui.__main__ import main
from ui.listening import Listening
from ui.serving import SCRIPT, address_of, where_it_is


def test_a_database_is_told_to_be_followed_by_a_folder():
    result = CliRunner().invoke(main, ["--kb", "postgresql://somewhere/kb", "--no-open"])
    assert result.exit_code == 2
    assert "ingest follow" in result.output


def test_the_script_by_itself_shows_nothing(collection: Path, monkeypatch: pytest.MonkeyPatch):
    """As `streamlit run ui/app.py` runs it, where nothing asked for the key."""
    assert AppTest.from_file(str(SCRIPT), default_timeout=WAIT).run().chat_input[0].placeholder == "Ask your documents"
    monkeypatch.delitem(sys.modules, "ui.serving")
    app = AppTest.from_file(str(SCRIPT), default_timeout=WAIT).run()
    assert [error.value for error in app.error] == [
        "These pages are opened by `python -m ui` alone, which knows who may see them."
    ]
    assert [*app.chat_input, *app.sidebar.children, *app.get("page_link")] == []


@pytest.mark.parametrize(
    ("address", "opened"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501"),
        ("0.0.0.0", "http://localhost:8501"),
        ("::", "http://localhost:8501"),
        ("::1", "http://[::1]:8501"),
        ("kestrel.example", "http://kestrel.example:8501"),
    ],
)
def test_a_browser_is_opened_where_this_machine_reaches_the_pages(address: str, opened: str):
    assert address_of(Listening(8501, address)) == opened


def test_only_names_that_are_answered_to_are_told():
    named = Listening(8501, "0.0.0.0", hosts=("kestrel.example", "kestrel"))
    assert where_it_is(named) == "Kestrel is at http://localhost:8501, and under kestrel.example, kestrel"
    assert socket.gethostname() in where_it_is(Listening(8501, "0.0.0.0"))
    assert where_it_is(Listening(8501, "127.0.0.1")) == "Kestrel is at http://127.0.0.1:8501"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a browser is opened by another program there")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_a_browser_says_where_it_is_and_ends_when_it_is_told(tmp_path: Path, sent: signal.Signals):
    opened, program, port = tmp_path / "opened", tmp_path / "xdg-open", str(free_port())
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n', "utf-8")
    program.chmod(0o700)
    found = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": found, "KESTREL_UI_KEY": "a-Key-of-some-length-4711"}
    command = [sys.executable, "-m", "ui", "--kb", str(tmp_path / "kb"), "--port", port]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        deadline = time.monotonic() + WAIT
        while not opened.exists() or not opened.read_text("utf-8"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert opened.read_text("utf-8") == f"http://127.0.0.1:{port}\n"
        second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WAIT)
        assert (second.returncode, f"Port {port} is not available" in second.stderr) == (1, True)
        server.send_signal(sent)
        said, _ = server.communicate(timeout=20)
    assert server.returncode == 0
    assert f"Kestrel is at http://127.0.0.1:{port}".encode() in said
    assert b"Traceback" not in said
