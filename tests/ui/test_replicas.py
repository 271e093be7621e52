"""Two replicas of the pages on one folder that follows PostgreSQL, behind a real balancer; one of them is killed.

What it does not show: replicas on two hosts, a host that is cut off while its processes live, a balancer that dies.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ingest.knowledge_base import KnowledgeBase
from tests.support.sessions import free_port
from tests.ui.browser import cookie_for, enter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CONFIGURATION = Path(__file__).parents[2] / "docs" / "deploy" / "haproxy.cfg"
WAIT = 60_000  # milliseconds
KEY = "a-key-of-both-replicas"
QUESTIONS = {"What does a lost badge cost?": "35 euros", "When does the gate close?": "nine"}


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KESTREL_")}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**clean, **environment}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def replica(stack: ExitStack, kb: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    command = [sys.executable, "-m", "ui", "--kb", str(kb), "--port", str(port), "--no-open"]
    process = stack.enter_context(running(command, {"KESTREL_UI_KEY": KEY}))
    wait_for(f"http://127.0.0.1:{port}/_stcore/health")
    return process, f"127.0.0.1:{port}"


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within a minute")


class Client(threading.Thread):
    """Fetches the page again and again, now of one replica and now of the other, with the cookie of the key alone."""

    def __init__(self, url: str, cookie: str) -> None:
        super().__init__(daemon=True)
        self.request = urllib.request.Request(url, headers={"Cookie": cookie})
        self.failures, self.fetched = list[str](), 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            try:
                with urllib.request.urlopen(self.request, timeout=20) as page:
                    assert b"<html" in page.read()
                self.fetched += 1
            except OSError as error:
                self.failures.append(repr(error))


def ask(page, question: str) -> None:
    box = page.get_by_placeholder("Ask your documents")
    box.fill(question, timeout=WAIT)
    box.press("Enter")
    page.locator(".st-key-conversation").get_by_text(QUESTIONS[question]).first.wait_for(timeout=WAIT)


def replica_of(page) -> str:
    (name,) = [each["value"] for each in page.context.cookies() if each["name"] == "kestrel"]
    return name


@pytest.fixture
def kb(tmp_path: Path, postgres_location: str) -> Path:
    """A folder in step with a database, as a serving machine has it."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    (tmp_path / "rules.md").write_text("A lost badge costs 35 euros.\n\nThe gate closes at nine.\n", encoding="utf-8")
    for command in (
        ["add", str(tmp_path / "rules.md"), "--kb", postgres_location],
        ["follow", postgres_location, "--kb", str(tmp_path / "kb")],
    ):
        subprocess.run([sys.executable, "-m", "ingest", *command], check=True, capture_output=True)
    return tmp_path / "kb"


def test_one_of_two_replicas_is_killed_and_nobody_sees_an_error(kb: Path, browser) -> None:
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("no HAProxy here (Debian: apt-get install haproxy)")
    with ExitStack() as stack:
        replicas = dict(replica(stack, kb)[::-1] for _ in range(2))
        first, second = replicas
        listen = f"127.0.0.1:{free_port()}"
        places = {"LISTEN": listen, "REPLICA_1": first, "REPLICA_2": second}
        stack.enter_context(running([haproxy, "-f", str(CONFIGURATION)], places))
        wait_for(f"http://{listen}/_stcore/health")
        page = browser.new_context().new_page()
        page.goto(f"http://{listen}")
        enter(page, KEY)
        ask(page, "What does a lost badge cost?")
        cookie = replica_of(page)
        visitors = [Client(f"http://{listen}/", cookie_for(f"http://{first}", KEY)) for _ in range(2)]
        for visitor in visitors:
            visitor.start()
        time.sleep(1)
        replicas[{"one": first, "two": second}[cookie]].send_signal(signal.SIGKILL)  # the one that the page is on
        killed = time.monotonic()
        while (other := replica_of(page)) == cookie:  # the page connects by itself; what is typed before that is lost
            assert time.monotonic() < killed + 30
            page.wait_for_timeout(50)
        connected = time.monotonic() - killed
        ask(page, "When does the gate close?")
        answered = time.monotonic() - killed
        for visitor in visitors:
            visitor.stopped.set()
            visitor.join(30)
        assert [failure for visitor in visitors for failure in visitor.failures] == []
        assert all(visitor.fetched > 5 for visitor in visitors)
        assert {cookie, other} == {"one", "two"}
        page.goto(f"http://{listen}/history")  # what was asked of the dead one is kept beside the collection
        page.get_by_text("What does a lost badge cost").first.wait_for(timeout=WAIT)
        page.context.close()
    fetched = sum(visitor.fetched for visitor in visitors)
    print(f"connected again after {connected:.1f} s, answered after {answered:.1f} s; {fetched} other visits, 0 errors")
    with KnowledgeBase.open(kb, read_only=True) as knowledge:
        assert list(knowledge.store.verify(full=True)) == []
