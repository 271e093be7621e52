"""Stands before every route of the pages' server, Streamlit's own too, and lets through who gave the key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ui.cookie import Cookie
from ui.door import Door
from ui.sign_in import FORM, POLICY, WRONG, local, page

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = "/_stcore/health"  # a balancer asks it, and has no key
LARGEST = 8192  # bytes of the form
_LOOKING = ("GET", "HEAD")
_REFUSED = "A key is needed.\n"


@dataclass(frozen=True)
class Request:
    """What is asked for. Names of headers are in small letters; of several of one name all are there."""

    method: str
    path: str
    raw_path: str
    scheme: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope: Scope) -> Request:
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        raw = (scope.get("raw_path") or b"/").decode("latin-1")
        return cls(scope.get("method", ""), scope["path"], raw, scope.get("scheme", ""), headers)

    def header(self, name: str) -> str:
        return ", ".join(value for each, value in self.headers if each == name)

    def cookies(self) -> str:
        return "; ".join(value for name, value in self.headers if name == "cookie")

    def wants_a_page(self) -> bool:
        return self.method == "GET" and "text/html" in self.header("accept").lower()

    def is_secure(self) -> bool:
        """Whether the browser speaks https. A proxy is taken at its word: who lies has a cookie less."""
        told = self.header("x-forwarded-proto").partition(",")[0].strip().lower()
        return self.scheme == "https" or told == "https"

    def is_from_elsewhere(self) -> bool:
        """Whether a browser says that a page of another host sent it."""
        origin = self.header("origin")
        try:
            return bool(origin) and urlsplit(origin).netloc.lower() != self.header("host").lower()
        except ValueError:
            return True


@dataclass(frozen=True)
class Guard:
    """An ASGI application before another one."""

    behind: Application
    door: Door
    cookie: Cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.behind(scope, receive, send)
            return
        request, is_http = Request.of(scope), scope["type"] == "http"
        if is_http and request.path == FORM and request.method == "POST":
            await self._try(request, receive, send)
        elif is_http and request.path == HEALTH and request.method in _LOOKING:
            await self.behind(scope, receive, send)
        elif not self.cookie.is_held(request.cookies()):
            await (_refuse(request, send) if is_http else hang_up(receive, send))
        elif request.path == FORM:
            await _lead_on("/", send)
        else:
            await self.behind(scope, receive, send)

    async def _try(self, request: Request, receive: Receive, send: Send) -> None:
        if request.is_from_elsewhere():
            await _answer(403, "The form of another page is not taken.\n", send)
            return
        body = await _body(request, receive)
        if body is None:
            await _answer(413, "That is no key.\n", send)
            return
        key, path = _fields(body)
        if not key:
            await _ask(path, "", send)
        elif await self.door.opens(key):
            await _lead_on(path, send, self.cookie.header(request.is_secure()))
        else:
            await _ask(path, WRONG, send)


async def _body(request: Request, receive: Receive) -> bytes | None:
    """None where it is larger than any form with a key in it; the rest is not read then."""
    length = request.header("content-length")
    if length.isdecimal() and int(length) > LARGEST:
        return None
    body, more = b"", True
    while more and len(body) <= LARGEST:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body if len(body) <= LARGEST else None


def _fields(body: bytes) -> tuple[str, str]:
    """The key and the path in a form, "" and "/" where it is none."""
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=8)
    except ValueError:
        return "", "/"
    return found.get("key", [""])[0].strip(), local(found.get("path", ["/"])[0])


async def _refuse(request: Request, send: Send) -> None:
    if request.wants_a_page():
        await _ask(request.raw_path, "", send)  # without the query: a key in it is not taken, and not told again
    else:
        await _answer(401, _REFUSED, send)


async def hang_up(receive: Receive, send: Send) -> None:
    """Before the WebSocket is accepted: to the browser its opening has failed."""
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _ask(path: str, told: str, send: Send) -> None:
    await _answer(401, page(path, told), send, kind="text/html", extra=[("Content-Security-Policy", POLICY)])


async def _lead_on(path: str, send: Send, cookie: str = "") -> None:
    await _answer(303, "", send, extra=[("Location", path), *([("Set-Cookie", cookie)] if cookie else [])])


async def _answer(
    status: int, text: str, send: Send, kind: str = "text/plain", extra: list[tuple[str, str]] | None = None
) -> None:
    body = text.encode("utf-8")
    headers = [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),  # with none, browsers would tell no origin of the form
        *(extra or []),
    ]
    told = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
