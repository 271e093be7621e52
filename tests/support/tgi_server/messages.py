"""HTTP/1.1 on asyncio streams, byte for byte: what a well-behaved server hides, the fault modes need."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Literal

HEADER_LIMIT = 65_536  # bytes of request line and headers together
Framing = Literal["chunked", "until_close"]
Body = AsyncGenerator[bytes, None]


class BreakOff(Exception):
    """Raised by a body to end the connection: after `partial` bytes of what was announced, orderly or by a reset."""

    def __init__(self, partial: bytes = b"", *, reset: bool = False) -> None:
        super().__init__("the connection ends here")
        self.partial = partial
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names; `length` is what was announced, of which at most the limit is in `body`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    length: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """A body of bytes is sent with its length, one that is iterated in chunks or until the connection closes."""

    status: int
    body: bytes | Body = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Framing = "chunked"


def text_response(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Response:
    return Response(status, text.encode(), {"content-type": kind})


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Compact and with raw UTF-8, as serde_json writes."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, data, {"content-type": "application/json", **(headers or {})})


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> Request | None:
    """The next request of a connection, None when the client has closed it. Bodies beyond `limit` are read and cut."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], headers, body[: limit + 1], len(body))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


async def write_response(writer: asyncio.StreamWriter, response: Response) -> bool:
    """Sends a response. True when the connection can carry another request."""
    reason = HTTPStatus(response.status).phrase
    length = _length_headers(response)
    headers = {**response.headers, "access-control-allow-origin": "*", **length, "date": formatdate(usegmt=True)}
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    if isinstance(response.body, bytes):
        writer.write(response.body)
        await writer.drain()
        return True
    try:
        return await _write_pieces(writer, response.body, response.framing)
    except BreakOff as end:
        _break_off(writer, end, response.framing)
        return False


def _length_headers(response: Response) -> dict[str, str]:
    if isinstance(response.body, bytes):
        return {} if response.status == HTTPStatus.NO_CONTENT else {"content-length": str(len(response.body))}
    return {"transfer-encoding": "chunked"} if response.framing == "chunked" else {"connection": "close"}


async def _write_pieces(writer: asyncio.StreamWriter, body: Body, framing: Framing) -> bool:
    async with aclosing(body):
        async for piece in body:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if framing == "chunked" else piece)
            await writer.drain()
    if framing == "chunked":
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return framing == "chunked"


def _break_off(writer: asyncio.StreamWriter, end: BreakOff, framing: Framing) -> None:
    if end.partial and framing == "chunked":
        writer.write(f"{2 * len(end.partial):x}\r\n".encode())  # announces twice what follows
    writer.write(end.partial)
    if end.reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
