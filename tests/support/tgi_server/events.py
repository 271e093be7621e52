"""Server-sent events as axum writes them, with its comments while nothing else is sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.support.tgi_server.messages import Body
from tests.support.tgi_server.versions import Version

HEADERS = {"content-type": "text/event-stream", "cache-control": "no-cache"}
COMMENT = b":\n\n"
_END = object()


def event(version: Version, value: Any) -> bytes:
    """One event with `value` as compact JSON; a string is sent as it is (`[DONE]`)."""
    data = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"data:{' ' if version.space_after_data else ''}{data}\n\n".encode()


async def kept_alive(events: Body, seconds: float) -> Body:
    """The events, and a comment after every `seconds` of silence (axum's `KeepAlive`, 15 s in TGI)."""
    waiting: asyncio.Future[Any] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events, _END))
            done, _ = await asyncio.wait({waiting}, timeout=seconds)
            if not done:
                yield COMMENT
                continue
            piece, waiting = waiting.result(), None
            if piece is _END:
                return
            yield piece
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait({waiting})
        await events.aclose()
