"""HTTP with `httpx`: JSON in, JSON or a stream of events out, every failure one of `assistant.errors`."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from assistant.errors import ModelRequestRejected, ModelTimeout, ModelUnreachable, NotAModelServer, PromptOverflow
from assistant.llms.address import Address
from assistant.llms.deadline import Deadline
from assistant.llms.event_loop import event_loop, still_runs
from assistant.llms.failures import MAX_BODY, failure_of
from assistant.llms.server_sent_events import event_data

T = TypeVar("T")

_NOT_OFFERED = (400, 404, 405, 422, 501)
MAX_JSON = 64_000_000  # bytes; TGI tells some 60 for each token of a text it tokenises


class Transport:
    """Requests to one server over connections that stay open between them."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self, path: str, deadline: Deadline) -> Any:
        """The JSON behind a path (an absolute URL, or below the address)."""
        return await self._json("GET", path, None, deadline)

    async def post(self, path: str, body: Mapping[str, Any], deadline: Deadline, limit: float | None = None) -> Any:
        """`limit` in seconds; None is enough for facts, and too short for a model that has to read first."""
        return await self._json("POST", path, body, deadline, limit)

    async def events(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> AsyncGenerator[str]:
        """The data of each server-sent event. Raises `NotAModelServer` when the answer is no event stream."""
        async with self._send("POST", path, body, deadline) as response:
            check_content_type(response.headers.get("content-type", ""), "text/event-stream", self.address)
            async for data in event_data(response.aiter_bytes()):
                yield data

    async def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: Deadline, limit: float | None = None
    ) -> Any:
        limit = deadline.timeouts.facts if limit is None else limit
        try:
            async with asyncio.timeout(deadline.within(limit)), self._send(method, path, body, deadline) as response:
                data = await _read(response, MAX_JSON)
        except TimeoutError as error:
            raise ModelTimeout(f"{self.address.url} did not answer {deadline.describe(limit)}.") from error
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise NotAModelServer(f"{self.address.url} does not answer in JSON.", "Is it a model server?") from error

    @asynccontextmanager
    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: Deadline
    ) -> AsyncIterator[httpx.Response]:
        url = path if "://" in path else self.address.url + path
        content = (
            None if body is None else json.dumps(body).encode()
        )  # escaped: half a surrogate pair must not fail here
        timeout = httpx.Timeout(None, connect=deadline.within(deadline.timeouts.connect))
        try:
            async with self._open().stream(method, url, content=content, timeout=timeout) as response:
                if response.status_code != httpx.codes.OK:
                    raise failure_of(
                        response.status_code, response.headers, await _read(response, MAX_BODY), self.address
                    )
                yield response
        except httpx.TransportError as error:
            raise unreachable(self.address, error) from error
        except httpx.DecodingError as error:
            raise NotAModelServer(f"{self.address.url} sends what cannot be decompressed.") from error

    def _open(self) -> httpx.AsyncClient:
        """The connections belong to a loop; after a fork there is another one."""
        loop = event_loop()
        if self._client is None or self._loop is not loop:
            headers = {"Content-Type": "application/json", **self.address.headers()}
            self._client = httpx.AsyncClient(headers=headers, trust_env=not self.address.is_local)
            self._loop = loop
            weakref.finalize(self, _close, self._client, loop)
        return self._client


async def where_offered(request: Awaitable[T]) -> T | None:
    """What a request gives, or None where the server has no such route, or not for this model."""
    try:
        return await request
    except PromptOverflow:
        raise
    except ModelRequestRejected as error:
        if error.status not in _NOT_OFFERED:
            raise
        return None


def unreachable(address: Address, error: Exception) -> ModelUnreachable:
    """What the network's own error means; some have no text but their name."""
    reason = address.clean(str(error)) or type(error).__name__
    return ModelUnreachable(
        f"No connection to {address.url}: {reason}.", "Check that the model server runs and that the address is right."
    )


def check_content_type(found: str, wanted: str, address: Address) -> None:
    """A login page with status 200 must not become an empty answer."""
    if found.partition(";")[0].strip().lower() != wanted:
        raise NotAModelServer(
            f"{address.url} answered with {address.clean(found) or 'no content type'} instead of {wanted}.",
            "Is it a model server, and not a proxy or a login page before one?",
        )


async def _read(response: httpx.Response, most: int) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > most:
            break
    return bytes(data[:most])


def _close(client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
    if still_runs(loop):
        asyncio.run_coroutine_threadsafe(client.aclose(), loop)
