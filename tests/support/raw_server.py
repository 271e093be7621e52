"""A server that answers with exact bytes, pauses and breaks, for what no well-behaved server does."""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RESET = "reset"  # a TCP RST instead of an orderly end
Step = bytes | float | str  # bytes are sent, a number is a pause in seconds
Reply = Sequence[Step]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: dict


@dataclass
class RawServer:
    """`routes` maps a path to its replies in turn, of which the last repeats; the connection ends after each."""

    routes: Mapping[str, Sequence[Reply]]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    abandoned: threading.Event = field(default_factory=threading.Event)  # a client hung up during a pause
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def to(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            replies = self.routes.get(request.path, [[http(404, b"not here", "text/plain")]])
            return replies[min(len(self.to(request.path)), len(replies)) - 1]

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reading:
            if (request := _read(reading)) is None:
                return
            for step in self._reply_to(request):
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif step == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                elif _hung_up(connection, float(step)):
                    self.abandoned.set()
                    return


@contextmanager
def serving(routes: Mapping[str, Sequence[Reply]]) -> Iterator[RawServer]:
    server = RawServer(routes)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=_quietly, args=(server, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def http(status: int, body: bytes | dict | list, kind: str = "application/json", **headers: str) -> bytes:
    """A whole response of known length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = {"Content-Length": str(len(data)), "Connection": "close"}
    return head(status, {"Content-Type": kind, **length, **_named(headers)}) + data


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Any Phrase", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def stream_head(*, chunked: bool = False, kind: str = "text/event-stream") -> bytes:
    """The beginning of an event stream; one that is not chunked ends where the connection ends."""
    encoding = {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"}
    return head(200, {"Content-Type": kind, **encoding})


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _read(reading) -> Request | None:
    first = reading.readline().decode().split(" ")
    if len(first) < 3:
        return None
    headers = {}
    while line := reading.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    data = reading.read(int(headers.get("content-length", 0)))
    return Request(first[0], first[1], headers, json.loads(data) if data else {})


def _hung_up(connection: socket.socket, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([connection], [], [], left)[0]:
            return not connection.recv(1)
    return False


def _quietly(server: RawServer, connection: socket.socket) -> None:
    try:
        server._serve(connection)
    except (BrokenPipeError, ConnectionResetError):
        server.abandoned.set()
