"""Fetching pages: what is refused before a byte is sent, what is checked on the way, and that pages come in whole."""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import pipeline
from ingest.errors import FileFailed, UsageError
from ingest.knowledge_base import KnowledgeBase
from ingest.pipeline import IngestOptions
from ingest.reports import Failed
from ingest.web import FetchLimits, Network, fetch, fetching, is_address, parse_address
from ingest.web.addresses import is_public
from ingest.web.downloading import download
from tests.support.certificates import Authority

PUBLIC = "93.184.216.34"
NAMES = {
    "example.org": [PUBLIC],
    "elsewhere.example.org": ["2606:2800:220:1:248:1893:25c8:1946"],
    "internal.example.org": ["10.0.0.5"],
    "both.example.org": [PUBLIC, "127.0.0.1"],
    "metadata.example.org": ["169.254.169.254"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "nothing.example.org": [],
}
# Forms in which requests have been led to what stands behind the wall.
SSRF = """
http://127.0.0.1/ http://127.1/ http://127.0.1/ http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/ http://0177.0.0.1/
http://017700000001/ http://127.0.0.1.:80/ http://0/ http://0.0.0.0/ http://localhost/ http://LOCALHOST/ http://localhost./
http://[::1]/ http://[::]/ http://[::ffff:127.0.0.1]/ http://[0:0:0:0:0:ffff:7f00:1]/ http://[::127.0.0.1]/
http://[64:ff9b::7f00:1]/ http://[2002:7f00:1::]/ http://[fe80::1%25eth0]/ http://[fd00::1]/ http://10.0.0.1/
http://172.16.0.1/ http://192.168.0.1/ http://100.64.0.1/ http://169.254.169.254/latest/meta-data/ http://224.0.0.1/
http://255.255.255.255/ http://198.18.0.1/ http://①②⑦.⓪.⓪.①/ http://127。0。0。1/ http://internal.example.org/
http://both.example.org/ http://metadata.example.org/ http://mapped.example.org/ http://nothing.example.org/
http://example.org@127.0.0.1/ http://127.0.0.1\\@example.org/ http://example.org:22/ http://example.org:0/ file:///etc/passwd
ftp://example.org/ gopher://127.0.0.1:6379/_INFO dict://127.0.0.1:11211/ jar:http://example.org!/ data:text/html,x
http:///etc/passwd http://exa%6dple.org/ http://exam\tple.org/ //127.0.0.1/ http://-x.example.org/ http://[::1 http://[v1.x]/
""".split(" ")
SSRF = [form for part in SSRF for form in part.strip("\n").split("\n") if form]


def resolve(host: str, port: int) -> list[str]:
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    if host not in NAMES and not host.replace(".", "").replace(":", "").isalnum():
        raise socket.gaierror("unknown")
    return NAMES.get(host, [host])


class Wire:
    """A network of names of its own whose every connection ends at one server on loopback."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.port = port
        self.network = Network(self._resolve, self._connect)

    def _resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return resolve(host, port)

    def _connect(self, ip: str, port: int, seconds: float) -> socket.socket:
        self.connected.append(ip)
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)


@contextmanager
def server(answer: Callable[[bytes, socket.socket], bytes | None], tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Answers each request, given whole, with these bytes; None where the answer was sent already."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            request = b""
            while b"\r\n\r\n" not in request:
                request += self.request.recv(65_536)
            try:
                data = answer(request, self.request)
                self.request.sendall(data or b"")
            except OSError:
                pass  # the other side has seen enough

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        if tls:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield Wire(listening.server_address[1])
        listening.shutdown()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *(headers or ["Content-Type: text/html"])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def leading_to(target: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


def outcome_of(wire: Wire, address: str = "http://example.org/", limits: FetchLimits | None = None) -> FileFailed:
    with pytest.raises(FileFailed) as failure:
        fetch(parse_address(address), limits, wire.network)
    return failure.value


def test_there_are_enough_forms():
    assert len(set(SSRF)) >= 50


@pytest.mark.parametrize("form", SSRF)
def test_no_form_reaches_behind_the_wall(form):
    wire = Wire()
    with pytest.raises((UsageError, FileFailed)) as refused:
        fetch(parse_address(form), network=wire.network)
    assert wire.connected == []
    if isinstance(refused.value, FileFailed):
        assert refused.value.outcome in {"denied", "vanished"}


@pytest.mark.parametrize("form", SSRF)
def test_no_form_is_followed_when_a_page_leads_there(form):
    with server(lambda _request, _socket: leading_to(form.replace("\t", " "))) as wire:
        failure = outcome_of(wire)
    assert set(wire.connected) == {PUBLIC}
    assert failure.outcome in {"denied", "vanished"}


def test_the_network_of_this_machine_is_behind_the_wall_too():
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as listening:
        port = listening.server_address[1]
        with pytest.raises(FileFailed, match="not in the public internet"):
            fetch(parse_address(f"http://localhost:{port}/"))


def test_a_name_is_looked_up_once_and_that_address_is_connected_to():
    """A second look-up could be told another address (DNS rebinding)."""
    with server(lambda _request, _socket: ok(b"words")) as wire:
        page = fetch(parse_address("http://Example.ORG/a b".replace(" ", "%20")), network=wire.network)
    assert (page.data, page.kind, str(page.address)) == (b"words", "text/html", "http://example.org/a%20b")
    assert (wire.asked, wire.connected) == (["example.org"], [PUBLIC])


def test_a_page_is_asked_for_as_a_server_expects():
    requests: list[bytes] = []

    def answer(request: bytes, _socket: socket.socket) -> bytes:
        requests.append(request)
        return ok(b"x")

    with server(answer) as wire:
        fetch(parse_address("http://example.org:8080/straße?q=ä b".replace(" ", "+")), network=wire.network)
    lines = requests[0].decode("ascii").split("\r\n")
    assert lines[0] == "GET /stra%C3%9Fe?q=%C3%A4+b HTTP/1.1"
    assert "Host: example.org:8080" in lines
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in lines)


def test_redirects_are_followed_and_end():
    def answer(request: bytes, _socket: socket.socket) -> bytes:
        return ok(b"there") if b"GET /there " in request else leading_to("//elsewhere.example.org/there")

    with server(answer) as wire:
        assert fetch(parse_address("http://example.org/"), network=wire.network).data == b"there"
    assert wire.asked == ["example.org", "elsewhere.example.org"]
    with server(lambda _request, _socket: leading_to("/")) as wire:
        assert "leads on more than 5 times" in outcome_of(wire).reason
    assert len(wire.connected) == 6


@pytest.mark.parametrize(
    ("status", "outcome"), [("404 Not Found", "vanished"), ("403 Forbidden", "denied"), ("500 Oops", "vanished")]
)
def test_what_the_server_says_is_told(status, outcome):
    with server(lambda _request, _socket: f"HTTP/1.1 {status}\r\n\r\n".encode()) as wire:
        failure = outcome_of(wire)
    assert failure.outcome == outcome
    assert status in failure.reason


def test_sizes_are_counted_as_they_come_in():
    limits = FetchLimits(bytes=10_000)
    with server(lambda _request, _socket: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000) as wire:
        assert outcome_of(wire, limits=limits).outcome == "too_large"
    bomb = gzip.compress(bytes(10_000_000))
    with server(lambda _request, _socket: ok(bomb, "Content-Encoding: gzip")) as wire:
        assert outcome_of(wire, limits=limits).outcome == "too_large"
    with server(lambda _request, _socket: ok(gzip.compress(b"words"), "Content-Encoding: gzip")) as wire:
        assert fetch(parse_address("http://example.org/"), limits, wire.network).data == b"words"


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["nothing", "head", "body"]
)
def test_a_server_that_drips_is_cut_off(start):
    def drip(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    with server(drip) as wire:
        failure = outcome_of(wire, limits=FetchLimits(seconds=0.6))
    assert failure.outcome == "timeout"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        ok(b"\x1f\x8b", "Content-Encoding: gzip"),
    ],
)
def test_what_breaks_off_is_no_page(answer):
    with server(lambda _request, _socket: answer) as wire:
        assert outcome_of(wire).outcome == "vanished"


def test_https_speaks_nothing_else():
    with server(lambda _request, _socket: ok(b"x")) as wire, pytest.raises(FileFailed):
        fetch(parse_address("https://example.org/"), FetchLimits(seconds=0.5), wire.network)
    assert wire.connected == [PUBLIC]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """One that this process believes, as OpenSSL lets a person set it."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    fetching._tls.cache_clear()
    yield made
    fetching._tls.cache_clear()


def test_https_gives_the_page_of_a_server_that_proves_its_name(authority):
    with server(
        lambda _request, _socket: ok(b"words", "Content-Type: text/plain"), authority.server("example.org")
    ) as wire:
        page = fetch(parse_address("https://example.org/a"), network=wire.network)
    assert (page.data, page.kind, wire.connected) == (b"words", "text/plain", [PUBLIC])


def test_https_follows_to_https_alone(authority):
    def answer(request: bytes, _socket: socket.socket) -> bytes:
        return ok(b"there") if b"/there " in request else leading_to(target)

    with server(answer, authority.server("example.org")) as wire:
        target = "/there"
        assert fetch(parse_address("https://example.org/"), network=wire.network).data == b"there"
        target = "http://example.org/there"
        assert "leads from https to http://example.org/there" in outcome_of(wire, "https://example.org/").reason


@pytest.mark.parametrize(
    ("host", "expired", "reason"),
    [("elsewhere.example.org", False, "Hostname mismatch"), ("example.org", True, "certificate has expired")],
)
def test_https_trusts_no_other_certificate(authority, host, expired, reason):
    with server(lambda _request, _socket: ok(b"x"), authority.server(host, expired=expired)) as wire:
        failure = outcome_of(wire, "https://example.org/")
    assert (failure.outcome, reason in failure.reason) == ("vanished", True)


def test_https_trusts_no_other_authority(tmp_path, authority):
    (tmp_path / "other").mkdir()
    with server(lambda _request, _socket: ok(b"x"), Authority(tmp_path / "other").server("example.org")) as wire:
        failure = outcome_of(wire, "https://example.org/")
    assert (failure.outcome, "CERTIFICATE_VERIFY_FAILED" in failure.reason) == ("vanished", True)


@given(st.ip_addresses())
def test_public_addresses_are_global(address):
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast


@given(st.text(max_size=60))
def test_whatever_is_accepted_means_itself(text):
    try:
        address = parse_address(f"http://{text}")
    except UsageError:
        return
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("path", "expected"),
    [("https://a.org", True), ("FILE:///x", True), ("docs/a.md", False), ("C:\\docs", False), ("C:/docs", False),
     ("a:b.txt", False), ("http:", False)],
)  # fmt: skip
def test_addresses_are_told_from_paths(path, expected):
    assert is_address(path) is expected


@pytest.fixture
def knowledge(tmp_path):
    with KnowledgeBase.open(tmp_path / "kb", embedder="hashing", create=True) as opened:
        yield opened


def through(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Let the pipeline fetch its pages through this network."""
    monkeypatch.setattr(pipeline, "download", partial(download, get=partial(fetch, network=wire.network)))


def test_addresses_are_off_unless_allowed(knowledge):
    with pytest.raises(UsageError, match="fetching is off"):
        pipeline.add(knowledge, ["https://example.org/"])


def test_a_page_comes_in_under_its_address(knowledge, monkeypatch):
    html = b"<html><title>Rules</title><body><h1>Leave</h1><p>Parental leave lasts sixteen weeks.</p></body></html>"

    def answer(request: bytes, _socket: socket.socket) -> bytes:
        if b"GET /gone " in request:
            return b"HTTP/1.1 404 Not Found\r\n\r\n"
        return ok(b"Plan,Price\nBasic,12\n", "Content-Type: text/csv") if b"/p " in request else ok(html)

    with server(answer) as wire:
        through(monkeypatch, wire)
        pages = [
            "http://example.org/rules.php",
            "http://example.org/p",
            "http://example.org/gone",
            "http://internal.example.org/",
        ]
        *events, report = pipeline.add(knowledge, pages, IngestOptions(urls=True, workers=1))
        again = list(pipeline.add(knowledge, pages[:1], IngestOptions(urls=True, workers=1)))[-1]
    assert (report.added, report.documents, again.unchanged) == (2, 2, 1)
    assert {event.source: event.outcome for event in events if isinstance(event, Failed)} == {
        "http://example.org/gone": "vanished",
        "http://internal.example.org/": "denied",
    }
    hit = knowledge.search("parental leave", 1)[0]
    assert (hit.source, hit.title) == ("http://example.org/rules.php", "Rules")
    assert knowledge.text("http://example.org/p") == "Plan: Basic; Price: 12"
    assert knowledge.remove("http://example.org/p").chunks == 1


STATED = "Sat, 21 Nov 2020 10:00:00 GMT"


class Rules:
    """A server of one page, which may state when that last changed, and heeds what it is asked."""

    def __init__(self, *stated: str) -> None:
        self.words = b"<html><body><p>Leave lasts sixteen weeks.</p></body></html>"
        self.stated = [f"Last-Modified: {time}" for time in stated]
        self.conditions: list[str] = []

    def answer(self, request: bytes, _socket: socket.socket) -> bytes:
        asked = [line for line in request.decode().split("\r\n") if line.startswith("If-Modified-Since: ")]
        self.conditions += [line.partition(": ")[2] for line in asked]
        if asked and self.stated == [f"Last-Modified: {self.conditions[-1]}"]:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        if b"/moved " in request:
            return leading_to("/rules")
        return ok(self.words, "Content-Type: text/html", *self.stated)


def test_a_page_that_has_not_changed_is_not_sent_again(knowledge, monkeypatch):
    rules = Rules(STATED)
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        options = IngestOptions(urls=True, workers=1)
        reports = [list(pipeline.add(knowledge, ["http://example.org/rules"], options))[-1] for _ in range(2)]
        assert rules.conditions == [STATED]
        rules.stated = ["Last-Modified: Sun, 22 Nov 2020 10:00:00 GMT"]
        rules.words = rules.words.replace(b"sixteen", b"seventy")
        reports.append(list(pipeline.add(knowledge, ["http://example.org/rules"], options))[-1])
    assert [(report.added, report.updated, report.unchanged, len(report.failed)) for report in reports] == [
        (1, 0, 0, 0),
        (0, 0, 1, 0),
        (0, 1, 0, 0),
    ]
    assert "seventy weeks" in knowledge.text("http://example.org/rules")


def test_a_page_that_is_to_be_read_again_is_sent_in_any_case(knowledge, monkeypatch):
    rules = Rules(STATED)
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        options = IngestOptions(urls=True, workers=1)
        list(pipeline.add(knowledge, ["http://example.org/rules"], options))
        *_, report = pipeline.add(knowledge, ["http://example.org/rules"], replace(options, again=True))
    assert rules.conditions == []
    assert (report.added, report.updated, report.unchanged, len(report.failed)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "stated", [(), ("yesterday",), ("Fri, 31 Dec 9999 23:59:59 GMT",), ("Thu, 01 Jan 1970 00:00:00 GMT",)]
)
def test_a_page_of_no_useful_time_is_sent_each_time(knowledge, monkeypatch, stated):
    rules = Rules(*stated)
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        options = IngestOptions(urls=True, workers=1)
        reports = [list(pipeline.add(knowledge, ["http://example.org/rules"], options))[-1] for _ in range(2)]
    assert [(report.added, report.unchanged) for report in reports] == [(1, 0), (0, 1)]
    assert rules.conditions == []


def test_a_condition_is_for_the_page_that_was_asked_for_alone():
    """Where a page has moved, its time says nothing of the one that stands there now."""
    rules = Rules("Sun, 22 Nov 2020 10:00:00 GMT")
    with server(rules.answer) as wire:
        page = fetch(parse_address("http://example.org/moved"), network=wire.network, since=1605952800)
    assert page.data == rules.words
    assert rules.conditions == [STATED], "not asked again behind the redirect"


class Tagged:
    """A server of one page that has a tag, and no time, and of a name that leads there."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.words = b"<html><body><p>Leave lasts sixteen weeks.</p></body></html>"
        self.conditions: list[str] = []

    def answer(self, request: bytes, _socket: socket.socket) -> bytes:
        asked = [line.partition(": ")[2] for line in request.decode().split("\r\n") if line.startswith("If-None-Match")]
        self.conditions += asked
        if b"/moved " in request:
            return leading_to("/rules")
        if asked == [self.tag]:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        return ok(self.words, "Content-Type: text/html", f"ETag: {self.tag}")


@pytest.mark.parametrize("tag", ['"33a64df5"', 'W/"0815"', '""'])
def test_a_page_that_bears_its_tag_still_is_not_sent_again(knowledge, monkeypatch, tag):
    rules, options, page = Tagged(tag), IngestOptions(urls=True, workers=1), ["http://example.org/rules"]
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        reports = [list(pipeline.add(knowledge, page, options))[-1] for _ in range(3)]
        assert rules.conditions == [tag, tag]
        rules.words, rules.tag = rules.words.replace(b"sixteen", b"seventy"), '"other"'
        reports += [list(pipeline.add(knowledge, page, options))[-1] for _ in range(2)]
    assert rules.conditions[2:] == [tag, '"other"']
    assert [(report.added, report.updated, report.unchanged, len(report.failed)) for report in reports] == [
        (1, 0, 0, 0),
        *[(0, 0, 1, 0)] * 2,
        (0, 1, 0, 0),
        (0, 0, 1, 0),
    ]
    assert "seventy weeks" in knowledge.text(page[0])


@pytest.mark.parametrize("tag", ["33a64df5", '"two" "of"', '"not\u00a0ascii"', f'"{"long" * 200}"', "*"])
def test_what_is_no_tag_is_sent_to_nobody(knowledge, monkeypatch, tag):
    rules = Tagged(tag)
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        options = IngestOptions(urls=True, workers=1)
        reports = [list(pipeline.add(knowledge, ["http://example.org/rules"], options))[-1] for _ in range(2)]
    assert [(report.added, report.unchanged) for report in reports] == [(1, 0), (0, 1)]
    assert rules.conditions == []


def test_the_tag_of_where_a_page_led_to_is_not_that_of_the_page(knowledge, monkeypatch):
    rules = Tagged('"1"')
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        for _ in range(2):
            list(pipeline.add(knowledge, ["http://example.org/moved"], IngestOptions(urls=True, workers=1)))
    assert (rules.conditions, knowledge.store.tags()) == ([], {})


def test_a_removed_page_leaves_no_tag_behind(knowledge, monkeypatch, tmp_path):
    rules = Tagged('"a-tag-that-names-a-page"')
    with server(rules.answer) as wire:
        through(monkeypatch, wire)
        list(pipeline.add(knowledge, ["http://example.org/rules"], IngestOptions(urls=True, workers=1)))
    assert knowledge.store.tags() == {"http://example.org/rules": rules.tag}
    knowledge.remove("http://example.org/rules")
    knowledge.store.rebuild()
    assert not any(b"a-tag-that-names" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_pages_are_read_here_where_files_are_read_elsewhere(knowledge, monkeypatch, tmp_path):
    (tmp_path / "a.txt").write_text("A file.", encoding="utf-8")
    sent = []

    def elsewhere(files):
        sent.extend(file.uri for file in files)
        return iter(())

    with server(lambda _request, _socket: ok(b"<html><body><p>A page of rules.</p></body></html>")) as wire:
        through(monkeypatch, wire)
        options = IngestOptions(urls=True, workers=1, elsewhere=elsewhere)
        *_, report = pipeline.add(knowledge, ["http://example.org/rules", tmp_path / "a.txt"], options)
    assert sent == [str(tmp_path / "a.txt")]
    assert (report.added, knowledge.text("http://example.org/rules")) == (1, "A page of rules.")
