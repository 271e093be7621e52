"""The guard before an application that answers everything: who is let through, and what the others are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from ui.cookie import LASTS, Cookie
from ui.door import Door
from ui.guard import HEALTH, LARGEST, Guard
from ui.sign_in import FORM, POLICY

KEY = "a-Key-of-some-length-4711"
NOW = 1_800_000_000.0
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
PATHS = ("/", "/library", "/_stcore/stream", "/media/a.png", "/_stcore/upload_file/a/b", f"{HEALTH}/", FORM.upper(), "")
HTML = ("accept", "text/html,application/xhtml+xml")


async def behind(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", b"behind=1")]})
    await send({"type": "http.response.body", "body": b"behind"})


async def no_time(seconds: float) -> None:
    """Waits for nothing."""


def guard(key: str = KEY, now: float = NOW) -> Guard:
    return Guard(behind, Door(key, sleep=no_time), Cookie(key, clock=lambda: now))


@dataclass(frozen=True)
class Answer:
    sent: list[dict[str, Any]]
    unread: int  # parts of the body

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def text(self) -> str:
        return b"".join(each.get("body", b"") for each in self.sent).decode()

    def header(self, name: str) -> str:
        return dict(self.sent[0]["headers"]).get(name.encode(), b"").decode()


async def asking(before: Guard, scope: dict[str, Any], parts: Sequence[bytes] = (b"",)) -> Answer:
    sent: list[dict[str, Any]] = []
    left = list(parts)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    await before(scope, receive, send)
    return Answer(sent, len(left))


def scope_of(path: str, *headers: tuple[str, str], method: str = "GET", **more: Any) -> dict[str, Any]:
    raw, _, query = path.partition("?")
    told = [(name.encode(), value.encode("utf-8")) for name, value in headers]
    scope = {"type": "http", "scheme": "http", "path": raw, "raw_path": raw.encode(), "query_string": query.encode()}
    return {**scope, "method": method, "headers": told, **more}


def asked(path: str, *headers: tuple[str, str], before: Guard | None = None, **more: Any) -> Answer:
    return asyncio.run(asking(before or guard(), scope_of(path, *headers, **more)))


def given(key: str, *headers: tuple[str, str], path: str = "/", before: Guard | None = None, **more: Any) -> Answer:
    body = urlencode({"path": path, "key": key}).encode()
    return asyncio.run(asking(before or guard(), scope_of(FORM, *headers, method="POST", **more), [body]))


def cookie_of(answer: Answer) -> tuple[str, str]:
    return "cookie", answer.header("set-cookie").partition(";")[0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_nothing_passes_without_a_cookie_whatever_is_asked_for(method: str, path: str):
    answer = asked(path, method=method)
    assert (answer.status, answer.text) == (401, "A key is needed.\n")
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("set-cookie") == ""


def test_a_browser_that_opens_a_page_is_asked_for_the_key():
    answer = asked("/library", HTML)
    assert answer.status == 401
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("content-security-policy") == POLICY
    assert "script" not in POLICY
    assert "default-src 'none'" in POLICY
    assert 'name="path" value="/library"' in answer.text
    assert [each for each in ("<script", "src=", "href=", "url(", "@import", "http") if each in answer.text] == []
    assert asked("/library", HTML, method="POST").text == "A key is needed.\n"


def test_only_whether_it_lives_is_told_to_everyone():
    assert asked(HEALTH).text == asked(HEALTH, method="HEAD").text == "behind"
    assert asked(HEALTH, method="POST").status == asked(HEALTH, method="OPTIONS").status == 401
    assert asked("/_stcore/metrics").status == asked("/_stcore/script-health-check").status == 401


def test_a_websocket_is_closed_before_it_is_accepted():
    stream = scope_of("/_stcore/stream", type="websocket", scheme="ws")
    assert [each["type"] for each in asyncio.run(asking(guard(), stream)).sent] == ["websocket.close"]
    for path in (HEALTH, FORM):  # what is open to others is not open to a WebSocket
        (closed,) = asyncio.run(asking(guard(), scope_of(path, type="websocket"))).sent
        assert closed["type"] == "websocket.close"
    held = scope_of("/_stcore/stream", cookie_of(given(KEY)), type="websocket", scheme="ws")
    assert [each["type"] for each in asyncio.run(asking(guard(), held)).sent] == ["websocket.accept"]


def test_a_key_is_taken_from_the_form_alone():
    for place in (f"/?key={KEY}", f"{FORM}?key={KEY}", f"/library?path=/&key={KEY}"):
        answer = asked(place, HTML)
        assert (answer.status, KEY in answer.text, answer.header("set-cookie")) == (401, False, "")
        assert asked(place, method="POST").header("set-cookie") == ""
    for sent in (("authorization", f"Bearer {KEY}"), ("x-kestrel-key", KEY), ("cookie", f"key={KEY}; kestrel={KEY}")):
        assert asked("/", sent).status == 401
    for body in (f'{{"key": "{KEY}"}}', f"KEY={KEY}", f"path=/{KEY}"):
        parts = [body.encode()]
        assert asyncio.run(asking(guard(), scope_of(FORM, method="POST"), parts)).header("set-cookie") == ""


def test_the_key_leads_to_where_one_wanted_to_go_and_opens_it():
    answer = given(KEY, path="/library")
    assert (answer.status, answer.text, answer.header("location")) == (303, "", "/library")
    name, _, rest = answer.header("set-cookie").partition("=")
    value, *attributes = rest.split("; ")
    assert attributes == ["Max-Age=43200", "Path=/", "HttpOnly", "SameSite=Lax"]
    assert value.startswith(f"{int(NOW) + LASTS}.")
    assert KEY not in f"{name}{value}"
    assert asked("/library", ("cookie", f"other=1; {name}={value}; last=2")).text == "behind"
    assert asked("/library", ("cookie", "other=1"), ("cookie", f"{name}={value}")).text == "behind"
    assert asked(FORM, HTML, ("cookie", f"{name}={value}")).header("location") == "/"


@pytest.mark.parametrize("wrong", [KEY.lower(), KEY.upper(), KEY[:-1], f"{KEY}x", KEY * 2, "ключ", "\0", "%00"])
def test_a_wrong_key_is_said_to_be_one_and_where_one_wanted_to_go_is_kept(wrong: str):
    answer = given(wrong, path="/history")
    assert answer.status == 401
    assert "That is not the key" in answer.text
    assert 'value="/history"' in answer.text
    assert wrong not in answer.text
    assert answer.header("set-cookie") == answer.header("location") == ""


def test_an_empty_field_costs_no_try():
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    before = Guard(behind, Door(KEY, sleep=wait), Cookie(KEY))
    assert "not the key" not in given("  ", before=before).text
    assert waited == []
    given("wrong", before=before)
    assert waited == [1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda name, value: (name, value[:-1]),
        lambda name, value: (name, f"{value}0"),
        lambda name, value: (name, value.upper()),
        lambda name, value: (name, f"{int(value.partition('.')[0]) + 1}.{value.partition('.')[2]}"),
        lambda name, value: (name, f"9{value}"),
        lambda name, value: (name, f"0{value}"),
        lambda name, value: (name, f"{value.partition('.')[0]}."),
        lambda name, value: (name, f"{value.partition('.')[0]}.{'0' * 64}"),
        lambda name, value: (name, value.partition(".")[2]),
        lambda name, value: (name, f'"{value}"'),
        lambda name, value: (name, f"{value}\n0"),
        lambda name, value: (name, value.replace("1", "\N{ARABIC-INDIC DIGIT ONE}")),
        lambda name, value: (name, ""),
        lambda name, value: (name, KEY),
        lambda name, value: (name.upper(), value),
        lambda name, value: (name[:-1], value),
    ],
)
def test_no_other_cookie_is_one(damage: Any):
    name, _, value = cookie_of(given(KEY))[1].partition("=")
    assert asked("/", ("cookie", f"{name}={value}")).status == 200
    assert asked("/", ("cookie", "=".join(damage(name, value)))).status == 401


def test_a_seal_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    held = cookie_of(given(KEY))
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr("hmac.compare_digest", lambda one, other: compared.append((one, other)) or False)
    assert asked("/", held).status == 401
    ((one, other),) = compared
    assert one == other
    assert len(one) == 64


def test_a_cookie_ends_after_its_hours_and_none_is_good_for_longer():
    held = cookie_of(given(KEY))
    assert asked("/", held, before=guard(now=NOW + LASTS - 1)).status == 200
    assert asked("/", held, before=guard(now=NOW + LASTS)).status == 401
    assert asked("/", held, before=guard(now=NOW - 60)).status == 401, "nor is one of a clock that is ahead"


def test_it_holds_wherever_the_key_is_the_same_and_nowhere_else():
    held, other = cookie_of(given(KEY)), "another-Key-of-some-length"
    assert asked("/", held, before=guard()).status == 200, "another replica, or one that was started anew"
    assert asked("/", held, before=guard(other)).status == 401
    theirs = cookie_of(given(other, before=guard(other)))
    assert held[1].partition("=")[0] != theirs[1].partition("=")[0], "a browser keeps both, and sends both to each"
    both = ("cookie", f"{held[1]}; {theirs[1]}")
    assert asked("/", both).status == asked("/", both, before=guard(other)).status == 200
    renamed = f"{held[1].partition('=')[0]}={theirs[1].partition('=')[2]}"
    assert asked("/", ("cookie", renamed)).status == 401


def test_it_goes_over_https_alone_where_it_came_by_that():
    assert given(KEY, scheme="https").header("set-cookie").endswith("; Secure")
    assert given(KEY, ("x-forwarded-proto", "https")).header("set-cookie").endswith("; Secure")
    assert given(KEY, ("x-forwarded-proto", "https, http")).header("set-cookie").endswith("; Secure")
    assert "Secure" not in given(KEY, ("x-forwarded-proto", "http")).header("set-cookie")


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/library//evil.example",
    "/library\r\nSet-Cookie: x=1",
    "/lib\0rary",
    "/ключ",
    "/a" * 2000,
    FORM,
    f"{FORM}?key={KEY}",
    "",
]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nobody_is_led_elsewhere(path: str):
    assert given(KEY, path=path).header("location") == "/"
    assert 'name="path" value="/"' in given("wrong", path=path).text
    if path.isascii() and path.startswith("/"):
        assert 'name="path" value="/"' in asked(path, HTML, raw_path=path.encode()).text


def test_a_path_in_the_page_is_text():
    path = '/"><b>x</b>'
    assert 'value="/&quot;&gt;&lt;b&gt;x&lt;/b&gt;"' in asked(path, HTML).text
    assert "<b>" not in given("wrong", path=path).text


def test_no_more_is_read_than_a_form_has():
    body = urlencode({"key": KEY, "path": "/", "more": "x" * LARGEST}).encode()
    told = scope_of(FORM, ("content-length", str(len(body))), method="POST")
    assert asyncio.run(asking(guard(), told, [])).status == 413, "nothing of it"
    parts = [body[at : at + 1000] for at in range(0, len(body), 1000)] + [b"x"] * 1000
    lying = scope_of(FORM, ("content-length", "10"), method="POST")
    refused = asyncio.run(asking(guard(), lying, parts))
    assert (refused.status, refused.unread) == (413, len(parts) - 9)
    fitting = [bytes([each]) for each in urlencode({"key": KEY}).encode()]
    assert asyncio.run(asking(guard(), scope_of(FORM, method="POST"), fitting)).status == 303


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"key", b"&" * 100, b"key=", b"key=%ff", b"a=b&" * 99, b"{}"])
def test_what_is_no_form_is_refused(body: bytes):
    answer = asyncio.run(asking(guard(), scope_of(FORM, method="POST"), [body]))
    assert (answer.status, answer.header("set-cookie")) == (401, "")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://kestrel:8501", 303),
        ("https://kestrel:8501", 303),  # a proxy speaks https
        ("http://Kestrel:8501", 303),
        ("http://kestrel:9999", 403),
        ("http://kestrel", 403),
        ("http://evil.example", 403),
        ("http://sub.kestrel:8501", 403),
        ("http://[evil", 403),
        ("null", 403),
    ],
)
def test_the_form_of_another_page_is_not_taken(origin: str, status: int):
    assert given(KEY, ("host", "kestrel:8501"), ("origin", origin)).status == status


def test_who_waits_keeps_nobody_waiting():
    async def both() -> list[str]:
        done, ended = list[str](), asyncio.Event()

        async def wait(seconds: float) -> None:
            await ended.wait()

        before = Guard(behind, Door(KEY, sleep=wait), Cookie(KEY))

        async def trying() -> None:
            await asking(before, scope_of(FORM, method="POST"), [b"key=wrong"])
            done.append("tried")

        tries = [asyncio.create_task(trying()) for _ in range(100)]
        await asyncio.sleep(0)
        done.append(str((await asking(before, scope_of("/"))).status))
        ended.set()
        await asyncio.gather(*tries)
        return done

    assert asyncio.run(both()) == ["401", *["tried"] * 100]


def test_nothing_that_shows_a_guard_shows_its_key():
    before = guard()
    assert KEY not in f"{before!r}{vars(before.door)}{vars(before.cookie)}"
