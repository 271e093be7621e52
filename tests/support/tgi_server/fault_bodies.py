"""Bodies that go wrong on their way: each takes the pieces of a good one (events, or two halves of an answer)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import aclosing

from tests.support.tgi_server.messages import Body, BreakOff, Response

SHOWN = 3  # pieces that arrive before a break
NOISE = b":\n\nevent: ping\ndata:\n\nid: 4\nretry: 10\n\ndata\n\n: still there\n\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


async def pieces(response: Response) -> Body:
    """The events of a stream one by one, or the two halves of a body."""
    if isinstance(response.body, bytes):
        half = len(response.body) // 2
        yield response.body[:half]
        yield response.body[half:]
        return
    async with aclosing(response.body) as events:
        async for event in events:
            yield event


async def silent_after_first(good: Body) -> Body:
    async with aclosing(good):
        yield await anext(good)
        await silence()
        yield b""


async def silence() -> None:
    """Until the client hangs up or the server ends."""
    await asyncio.Event().wait()


async def slow(good: Body, seconds: float) -> Body:
    async with aclosing(good):
        async for piece in good:
            for byte in piece:
                yield bytes([byte])
                await asyncio.sleep(seconds)


async def cut(good: Body, end: Callable[[bytes], BreakOff]) -> Body:
    """At most `SHOWN` pieces and never the last one, then what `end` makes of the next."""
    async with aclosing(good):
        waiting = await anext(good)
        for _ in range(SHOWN):
            following = await anext(good, None)
            if following is None:
                break
            yield waiting
            waiting = following
        raise end(waiting)


def closing(_next: bytes) -> BreakOff:
    return BreakOff()


def inside(following: bytes) -> BreakOff:
    return BreakOff(following[: len(following) // 2])


def resetting(_next: bytes) -> BreakOff:
    return BreakOff(reset=True)


async def ending_with(good: Body, last: bytes) -> Body:
    """Some pieces and `last` instead of the rest."""
    try:
        async with aclosing(cut(good, closing)) as shown:
            async for piece in shown:
                yield piece
    except BreakOff:
        yield last


async def with_wrong_event(good: Body, wrong: bytes) -> Body:
    """`wrong` after the first piece; the others follow."""
    async with aclosing(good):
        yield await anext(good)
        yield wrong
        async for piece in good:
            yield piece


async def noisy(good: Body) -> Body:
    async with aclosing(good):
        async for piece in good:
            yield NOISE
            yield piece
    yield NOISE


async def reshaped(good: Body, line_end: bytes, size: int = 3) -> Body:
    """Other line ends, a byte order mark, and pieces that split characters."""
    yield BYTE_ORDER_MARK
    async with aclosing(good):
        async for piece in good:
            data = piece.replace(b"\n", line_end)
            for start in range(0, len(data), size):
                yield data[start : start + size]
                await asyncio.sleep(0)


async def endless(good: Body) -> Body:
    async with aclosing(good):
        first = await anext(good)
        for _ in itertools.count():
            yield first
            await asyncio.sleep(0)


async def renamed(good: Body, name: bytes, other: bytes) -> Body:
    async with aclosing(good):
        async for piece in good:
            yield piece.replace(name, other)
