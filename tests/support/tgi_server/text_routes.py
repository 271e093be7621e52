"""POST /, /generate, /generate_stream: text in, text out (router/src/server.rs)."""

from __future__ import annotations

import math
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from tests.support.tgi_server.events import HEADERS, event, kept_alive
from tests.support.tgi_server.failures import Failure
from tests.support.tgi_server.generation import Generation, Step, Token, generation
from tests.support.tgi_server.messages import Body, Request, Response, json_response
from tests.support.tgi_server.parameters import TextRequest, read_text_request
from tests.support.tgi_server.service import Service
from tests.support.tgi_server.validation import ValidRequest


@dataclass(frozen=True, slots=True)
class TextRoutes:
    service: Service

    async def root(self, request: Request) -> Response:
        """POST /: a stream, or an answer wrapped in an array."""
        return await self.compatible(self._read(request))

    async def compatible(self, request: TextRequest) -> Response:
        setup = self.service.setup
        if request.parameters.return_full_text is None:
            tag = setup.pipeline_tag
            full = tag == "text-generation" if tag is not None else setup.version.full_text_without_tag
            request = replace(request, parameters=replace(request.parameters, return_full_text=full))
        return self._streamed(request) if request.stream else await self._answered(request, wrapped=True)

    async def generate(self, request: Request) -> Response:
        return await self._answered(self._read(request), wrapped=False)

    async def generate_stream(self, request: Request) -> Response:
        return self._streamed(self._read(request))

    def _read(self, request: Request) -> TextRequest:
        setup = self.service.setup
        return read_text_request(request, setup.version, setup.limits.payload)

    async def _answered(self, request: TextRequest, *, wrapped: bool) -> Response:
        started = time.perf_counter()
        best, others = await self.service.generate(request)
        body = self._answer(request, best, others)
        headers = timing_headers(self.service, request.inputs, [best], time.perf_counter() - started)
        return json_response(200, [body] if wrapped else body, headers)

    def _answer(self, request: TextRequest, best: Generation, others: tuple[Generation, ...]) -> dict[str, Any]:
        prompt = request.inputs if request.parameters.return_full_text else ""
        body: dict[str, Any] = {"generated_text": prompt + best.text}
        if request.parameters.details or request.parameters.decoder_input_details:
            body["details"] = details(best)
            if others:
                sequences = [{"generated_text": prompt + other.text, **details(other)} for other in others]
                body["details"]["best_of_sequences"] = sequences
        return body

    def _streamed(self, request: TextRequest) -> Response:
        headers = {**HEADERS, **stream_headers(request.inputs)}
        events = kept_alive(self._events(request), self.service.setup.limits.keep_alive)
        return Response(200, events, headers)

    async def _events(self, request: TextRequest) -> Body:
        """An event for every token; whatever fails becomes the last event, the status being sent already."""
        version = self.service.setup.version
        try:
            async with aclosing(self.service.stream(request)) as produced:
                async for valid, step, made in produced:
                    yield event(version, self._stream_event(request, valid, step, made))
        except Failure as failure:
            yield event(version, failure.body())

    def _stream_event(self, request: TextRequest, valid: ValidRequest, step: Step, made: list[Step]) -> dict[str, Any]:
        version = self.service.setup.version
        body: dict[str, Any] = {"index": len(made)} if version.numbers_events else {}
        body["token"] = token_json(step.token)
        if step.top_tokens:
            body["top_tokens"] = [token_json(token) for token in step.top_tokens]
        body |= {"generated_text": None, "details": None}
        if step.finish is None:
            return body
        whole = generation(self.service.setup.engine, valid, made)
        prompt = request.inputs if request.parameters.return_full_text else ""
        body["generated_text"] = prompt + whole.text
        if request.parameters.details:
            body["details"] = {"finish_reason": whole.finish, "generated_tokens": len(made), "seed": whole.seed}
            if version.tells_input_length:
                body["details"]["input_length"] = len(valid.tokens)
        return body


def details(answer: Generation) -> dict[str, Any]:
    """`Details` without best_of_sequences; top_tokens are left out where none were asked for."""
    body: dict[str, Any] = {
        "finish_reason": answer.finish,
        "generated_tokens": len(answer.steps),
        "seed": answer.seed,
        "prefill": [{"id": token.id, "text": token.text, "logprob": _logprob(token)} for token in answer.prefill],
        "tokens": [token_json(step.token) for step in answer.steps],
    }
    if answer.request.top_n_tokens:
        body["top_tokens"] = [[token_json(token) for token in step.top_tokens] for step in answer.steps]
    return body


def token_json(token: Token) -> dict[str, Any]:
    return {"id": token.id, "text": token.text, "logprob": _logprob(token), "special": token.special}


def _logprob(token: Token) -> float | None:
    return token.logprob if math.isfinite(token.logprob) else None  # serde_json writes null for what is no number


def stream_headers(*inputs: str) -> dict[str, str]:
    characters = sum(len(text) for text in inputs)
    return {"x-compute-type": "cpu", "x-compute-characters": str(characters), "x-accel-buffering": "no"}


def timing_headers(service: Service, inputs: str, answers: list[Generation], seconds: float) -> dict[str, str]:
    """The x- headers of an answer. Nothing waits in a queue here, so all of the time is inference."""
    version, total = service.setup.version, round(seconds * 1000)
    generated = sum(len(answer.steps) for answer in answers)
    headers = {
        "x-compute-type": "cpu",
        "x-compute-time": str(seconds) if version.computes_in_seconds else str(total),
        "x-compute-characters": str(len(inputs)),
        "x-total-time": str(total),
        "x-validation-time": "0",
        "x-queue-time": "0",
        "x-inference-time": str(total),
        "x-time-per-token": str(total // generated),
    }
    if version.numbers_events:
        headers["x-prompt-tokens"] = str(sum(len(answer.request.tokens) for answer in answers))
        headers["x-generated-tokens"] = str(generated)
    return headers
