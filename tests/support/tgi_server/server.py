"""The server on a loopback port, in a thread of the process that started it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from tests.support.tgi_server.fault_responses import Call, spoilt
from tests.support.tgi_server.faults import Fault
from tests.support.tgi_server.messages import Request, Response, read_request, write_response
from tests.support.tgi_server.routing import GENERATING, Router
from tests.support.tgi_server.service import Service, Setup

HOST = "127.0.0.1"
FAULT_PATH = "/fault/"
FAULT_HEADER = "x-fault"
ATTENTION = 0.02  # seconds between two looks whether the client is still there
UNRESOLVABLE = "http://model-server.invalid:8080"  # RFC 2606: no name below .invalid exists


@dataclass
class TgiServer:
    """A running server. `requests` are all that arrived, in order; `abandoned` counts those whose client hung up."""

    url: str
    requests: list[Request] = field(default_factory=list)
    abandoned: int = 0

    def to(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def with_fault(self, fault: str) -> str:
        """A base URL of the same server under which every route shows a fault."""
        return f"{self.url}{FAULT_PATH}{fault}"


@contextmanager
def serving(setup: Setup, fault: str | None = None, port: int = 0) -> Iterator[TgiServer]:
    """Runs a server until the block ends. A request can bring a fault of its own: see `FAULT_HEADER`, `with_fault`."""
    spoiling = Fault.parse(fault) if fault else None
    if spoiling and spoiling.kind in {"b1", "b2"}:
        yield TgiServer(f"http://{HOST}:{free_port()}" if spoiling.kind == "b1" else UNRESOLVABLE)
        return
    service = Service(setup)
    with socket.create_server((HOST, port)) as listening:
        server = TgiServer(f"http://{HOST}:{listening.getsockname()[1]}")
        runner = Runner(Connections(Router(service), server, spoiling), listening)
        try:
            with runner.running():
                yield server
        finally:
            service.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Connections:
    """Reads requests off connections and answers them, with or without a fault."""

    def __init__(self, router: Router, server: TgiServer, fault: Fault | None) -> None:
        self._router = router
        self._server = server
        self._fault = fault
        self._hits: Counter[Fault] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit = self._router.service.setup.limits.payload
        try:
            while (request := await read_request(reader, writer, limit)) is not None:
                if not await self._attended(request, reader, writer):
                    return
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _attended(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers while the client listens, and stops when it hangs up. True when the connection stays usable."""
        answering = asyncio.ensure_future(self._answer(request, writer))
        leaving = asyncio.ensure_future(_hung_up(reader, writer))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self._server.abandoned += 1
                return False
            return answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.wait({answering, leaving})

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        request, fault = self._fault_of(request)
        self._server.requests.append(request)
        response = await self._response(request, fault)
        return await write_response(writer, response)

    async def _response(self, request: Request, fault: Fault | None) -> Response:
        if fault is None or not self._is_hit(request, fault):
            return await self._router.respond(request)
        return await spoilt(Call(fault, request, self._router))

    def _fault_of(self, request: Request) -> tuple[Request, Fault | None]:
        """The request as the router knows it, and the fault named by its path, its header or the server."""
        if request.path.startswith(FAULT_PATH):
            name, _, rest = request.path.removeprefix(FAULT_PATH).partition("/")
            return replace(request, path=f"/{rest}"), Fault.parse(unquote(name))
        if named := request.headers.get(FAULT_HEADER):
            return request, Fault.parse(named)
        return request, self._fault

    def _is_hit(self, request: Request, fault: Fault) -> bool:
        generates = request.method == "POST" and request.path in GENERATING
        if not (generates or fault.everywhere or fault.kind == "b21"):
            return False
        self._hits[fault] += 1
        return fault.times is None or self._hits[fault] <= fault.times


class Runner:
    """Runs connections on an event loop of its own."""

    def __init__(self, connections: Connections, listening: socket.socket) -> None:
        self._connections = connections
        self._listening = listening
        self._ready = threading.Event()
        self._end: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="tgi-server", daemon=True)
        thread.start()
        self._ready.wait()
        try:
            yield
        finally:
            if self._loop is not None and self._end is not None:
                self._loop.call_soon_threadsafe(self._end.set)
            thread.join()

    async def _run(self) -> None:
        open_now: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connections.serve(reader, writer))
            open_now.add(task)
            task.add_done_callback(open_now.discard)

        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        accepting = await asyncio.start_server(accept, sock=self._listening)
        self._ready.set()
        await self._end.wait()
        accepting.close()
        for task in open_now:
            task.cancel()
        if open_now:
            await asyncio.wait(open_now)


async def _hung_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not (reader.at_eof() or writer.is_closing() or reader.exception()):
        await asyncio.sleep(ATTENTION)
