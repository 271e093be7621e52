"""What the server answers under each fault: see `faults.CATALOGUE`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import formatdate

from tests.support.tgi_server import fault_bodies
from tests.support.tgi_server.events import HEADERS, event
from tests.support.tgi_server.failures import Failure, Rejection, failed_generation, overloaded
from tests.support.tgi_server.faults import Fault
from tests.support.tgi_server.messages import Body, Framing, Request, Response, json_response, text_response
from tests.support.tgi_server.openai_requests import read_chat, read_completions
from tests.support.tgi_server.parameters import TextRequest, read_text_request
from tests.support.tgi_server.routing import Router
from tests.support.tgi_server.templates import rendered
from tests.support.tgi_server.validation import Validation

PAGE = "<html><head><title>503</title></head><body>nginx: no live upstreams</body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that meets a fault."""

    fault: Fault
    request: Request
    router: Router

    async def answer(self) -> Response:
        """What a sound server answers."""
        return await self.router.respond(self.request)

    @property
    def streams(self) -> bool:
        return self.request.path == "/generate_stream" or b'"stream":true' in self.request.body.replace(b" ", b"")

    def event(self, value: object) -> bytes:
        return event(self.router.service.setup.version, value)

    def failed(self, failure: Failure) -> dict[str, object]:
        """An error event in the words of the route."""
        if self.request.path.startswith("/v1/"):
            return {"error": {"message": failure.message, "http_status_code": 422}}
        return dict(failure.body())


async def spoilt(call: Call) -> Response:
    """The response to a request under a fault."""
    return await FAULTS[call.fault.kind](call)


def _body_fault(
    change: Callable[[Call, Body], Body], framing: Framing = "chunked"
) -> Callable[[Call], Awaitable[Response]]:
    """A fault that lets the answer begin and spoils its body."""

    async def respond(call: Call) -> Response:
        good = await call.answer()
        return replace(good, body=change(call, fault_bodies.pieces(good)), framing=framing)

    return respond


async def _silent(_call: Call) -> Response:
    await fault_bodies.silence()
    raise AssertionError("silence has no end")


async def _fails_in_stream(call: Call) -> Response:
    failure = replace_kind(failed_generation("CUDA out of memory"), call.fault.variant)
    if not call.streams:
        return json_response(failure.status, failure.body())
    good = await call.answer()
    last = call.event(call.failed(failure))
    return replace(good, body=fault_bodies.ending_with(fault_bodies.pieces(good), last))


def replace_kind(failure: Failure, kind: str) -> Failure:
    known = {"overloaded": overloaded(), "validation": Failure(422, "validation", "Input validation error: no")}
    return known.get(kind, failure)


async def _overloaded(call: Call) -> Response:
    value = call.fault.variant
    if value == "date":
        value = formatdate(time.time() + 2, usegmt=True)
    failure = overloaded()
    return json_response(failure.status, failure.body(), {"retry-after": value} if value else {})


async def _unavailable(_call: Call) -> Response:
    return text_response(503, PAGE, "text/html")


async def _fails_first(call: Call) -> Response:
    body = {"error": "Incomplete generation", "error_type": "incomplete_generation"}
    return json_response(int(call.fault.variant or 500), body)


async def _generation_failed(_call: Call) -> Response:
    failure = failed_generation("CANCELLED")
    return json_response(failure.status, failure.body())


async def _too_long(call: Call) -> Response:
    """Validates with fewer tokens than /info tells of; what fits them is answered."""
    setup = call.router.service.setup
    fewer = int(call.fault.variant or setup.limits.max_total_tokens // 2)
    limits = replace(
        setup.limits, max_total_tokens=fewer, max_input_tokens=min(setup.limits.max_input_tokens, fewer - 1)
    )
    try:
        for text in _texts(call):
            Validation(setup.engine.tokenizer, limits, setup.version).validate(text)
    except Rejection as rejection:
        return text_response(rejection.status, rejection.text)
    except Failure as failure:
        if call.streams:
            return Response(200, _only(call.event(call.failed(failure))), dict(HEADERS))
        return json_response(failure.status, failure.body())
    return await call.answer()


def _texts(call: Call) -> list[TextRequest]:
    setup, request = call.router.service.setup, call.request
    if request.path == "/v1/completions":
        return list(read_completions(request.json(), request).requests())
    if request.path == "/v1/chat/completions":
        chat = read_chat(request.json(), request)
        return [TextRequest(rendered(setup, chat.messages), chat.parameters)]
    return [read_text_request(request, setup.version, setup.limits.payload)]


async def _only(piece: bytes) -> Body:
    yield piece


async def _too_large(_call: Call) -> Response:
    return text_response(413, "Failed to buffer the request body: length limit exceeded")


async def _not_a_model(call: Call) -> Response:
    if call.fault.variant == "204":
        return Response(204)
    return Response(200) if call.fault.variant == "empty" else text_response(200, "<html>Welcome</html>", "text/html")


async def _other_model(call: Call) -> Response:
    name, other = call.router.service.setup.engine.model_id.encode(), (call.fault.variant or "other/model").encode()
    good = await call.answer()
    if isinstance(good.body, bytes):
        return replace(good, body=good.body.replace(name, other))
    return replace(good, body=fault_bodies.renamed(good.body, name, other))


async def _denied(call: Call) -> Response:
    return Response(int(call.fault.variant or 401))


FAULTS: dict[str, Callable[[Call], Awaitable[Response]]] = {
    "b3": _silent,
    "b4": _body_fault(lambda call, good: fault_bodies.silent_after_first(good)),
    "b5": _body_fault(lambda call, good: fault_bodies.slow(good, float(call.fault.variant or 1.0))),
    "b6": _body_fault(lambda call, good: fault_bodies.cut(good, fault_bodies.closing), "until_close"),
    "b7": _body_fault(lambda call, good: fault_bodies.cut(good, fault_bodies.inside)),
    "b8": _body_fault(lambda call, good: fault_bodies.cut(good, fault_bodies.resetting)),
    "b9": _fails_in_stream,
    "b10": _body_fault(
        lambda call, good: fault_bodies.with_wrong_event(good, call.event(call.fault.variant or "{not json}"))
    ),
    "b11": _body_fault(lambda call, good: fault_bodies.noisy(good)),
    "b12": _body_fault(
        lambda call, good: fault_bodies.reshaped(good, b"\r" if call.fault.variant == "cr" else b"\r\n")
    ),
    "b13": _overloaded,
    "b14": _unavailable,
    "b15": _fails_first,
    "b16": _generation_failed,
    "b17": _too_long,
    "b18": _too_large,
    "b19": _not_a_model,
    "b20": _body_fault(lambda call, good: fault_bodies.endless(good)),
    "b21": _other_model,
    "b22": _denied,
}
