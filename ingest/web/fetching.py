"""One page of the web to bytes: every address checked, every connection made to the one that was checked."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from http.client import HTTPResponse

from ingest.documents import Outcome
from ingest.errors import FileFailed, UsageError
from ingest.web.addresses import Address, is_public, parse_address

NOT_MODIFIED = 304
REDIRECTS = {301, 302, 303, 307, 308}
OUTCOMES: dict[int, Outcome] = {401: "denied", 403: "denied", 407: "denied", 451: "denied"}
BLOCK = 65_536
TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,500}"')  # RFC 9110, 8.8.3, in ASCII
HEADERS = {
    "User-Agent": "Kestrel (+a person's knowledge base)",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one page may cost, redirects included."""

    bytes: int = 50_000_000  # after unpacking
    seconds: float = 60.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Page:
    """What came back. `address` is where it was found in the end, `kind` its media type as the server has it.

    `changed` is when it last was, in seconds since the epoch, by the server's word; 0 where it says nothing of use.
    `tag` is what the server calls this state of it (RFC 9110, 8.8.3), "" where it does not or it stood elsewhere.
    """

    address: Address
    data: bytes
    kind: str
    changed: int = 0
    tag: str = ""


def _resolve(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _connect(ip: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((ip, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Network:
    """How names become IP addresses, and IP addresses connections. Proxies of the environment are not asked."""

    resolve: Callable[[str, int], list[str]] = _resolve
    connect: Callable[[str, int, float], socket.socket] = _connect


def fetch(
    address: Address,
    limits: FetchLimits | None = None,
    network: Network | None = None,
    since: int = 0,
    tag: str = "",
) -> Page | None:
    """The page at an address; None where the server says that it did not change `since` then or still bears this `tag`.

    Raises `FileFailed`: "denied" where a rule or the server forbids it, "vanished" where there is none or the server
    does not answer, "timeout", "too_large", "unsupported".
    """
    limits, network = limits or FetchLimits(), network or Network()
    deadline = time.monotonic() + limits.seconds
    condition = {"If-Modified-Since": formatdate(since, usegmt=True)} if since else {}
    condition |= {"If-None-Match": tag} if tag else {}  # which a server heeds that knows it, and not the time
    asked = address
    for _ in range(limits.redirects + 1):
        with _asked(address, deadline, network, condition) as response:
            if condition and response.status == NOT_MODIFIED:
                return None
            if response.status not in REDIRECTS:
                _require_success(response)
                kind = response.headers.get_content_type()
                called = _tag(response) if address == asked else ""
                return Page(address, _body(response, limits.bytes), kind, _changed(response), called)
            address = _redirected(address, response.headers.get("Location", ""))
            condition = {}  # it speaks of the page that stood where this redirect stands now
    raise FileFailed("denied", f"it leads on more than {limits.redirects} times")


def _changed(response: HTTPResponse) -> int:
    """A time that is no time, or has not come yet, says nothing (RFC 9110, 8.8.2.1)."""
    try:
        stated = int(parsedate_to_datetime(response.headers.get("Last-Modified", "")).timestamp())
    except (ValueError, OverflowError):
        return 0
    return stated if 0 < stated <= time.time() else 0


def _tag(response: HTTPResponse) -> str:
    stated = response.headers.get("ETag", "").strip()
    return stated if TAG.fullmatch(stated) else ""


def _redirected(address: Address, target: str) -> Address:
    try:
        following = parse_address(target, base=address)
    except UsageError as error:
        raise FileFailed("denied", f"it leads to what is not fetched: {error.message}") from error
    if address.scheme == "https" and following.scheme == "http":
        raise FileFailed("denied", f"it leads from https to {following}, which anyone on the way could change")
    return following


@contextmanager
def _asked(address: Address, deadline: float, network: Network, condition: Mapping[str, str]) -> Iterator[HTTPResponse]:
    """The answer of the server, within the deadline: at that moment the connection is cut, whatever it waits for."""
    ip = _checked(address, network)
    watch = threading.Timer(0, lambda: None)
    try:
        with _secured(network.connect(ip, address.port, _left(deadline)), address) as sock:
            sock.settimeout(_left(deadline))
            watch = threading.Timer(_left(deadline), _cut, [sock])
            watch.daemon = True
            watch.start()
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = sock
            connection.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": address.authority, **HEADERS, **condition}.items():
                connection.putheader(name, value)
            connection.endheaders()
            with connection.getresponse() as response:
                yield response
            _left(deadline)  # what was cut looks like the end of a page
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
            raise FileFailed("timeout", "the server took too long") from error
        raise FileFailed("vanished", f"{address.host} did not answer: {error}") from error
    finally:
        watch.cancel()


def _checked(address: Address, network: Network) -> str:
    """The IP address to connect to. One that is not public among all that a name has is enough to refuse it."""
    try:
        found = network.resolve(address.host, address.port)
    except (OSError, UnicodeError) as error:
        raise FileFailed("vanished", f"there is no host {address.host}: {error}") from error
    private = [ip for ip in found if not is_public(ip)]
    if private or not found:
        shown = ", ".join(private) or "nothing"
        raise FileFailed("denied", f"{address.host} is {shown}, which is not in the public internet")
    return found[0]


def _secured(plain: socket.socket, address: Address) -> socket.socket:
    if address.scheme == "http":
        return plain
    with plain:  # the secured one takes its place
        return _tls().wrap_socket(plain, server_hostname=address.host, do_handshake_on_connect=False)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise FileFailed("timeout", "the server took too long")
    return seconds


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # it was closed meanwhile
        sock.shutdown(socket.SHUT_RDWR)


def _require_success(response: HTTPResponse) -> None:
    if response.status != 200:
        outcome = OUTCOMES.get(response.status, "vanished")
        raise FileFailed(outcome, f"the server answered {response.status} {response.reason}")


def _body(response: HTTPResponse, largest: int) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise FileFailed("unsupported", f"the server packed it as {encoding!r}, which was not asked for")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    data = bytearray()
    while block := response.read(BLOCK):
        data += unpack.decompress(block, largest + 1 - len(data)) if unpack else block
        if len(data) > largest:
            raise FileFailed("too_large", f"more than {largest / 1e6:,.0f} MB, and no more is fetched")
    if response.length or (unpack and not unpack.eof):
        raise FileFailed("vanished", "the connection broke off in the middle")
    return bytes(data)
