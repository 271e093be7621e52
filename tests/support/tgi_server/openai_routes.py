"""/v1/chat/completions, /v1/completions and /chat_tokenize, without tools (router/src/{server,chat}.rs)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tests.support.tgi_server.deserialising import read_json
from tests.support.tgi_server.events import HEADERS, event, kept_alive
from tests.support.tgi_server.fact_routes import FactRoutes
from tests.support.tgi_server.failures import Failure
from tests.support.tgi_server.generation import FinishReason, Generation, Step
from tests.support.tgi_server.messages import Body, Request, Response, json_response
from tests.support.tgi_server.openai_requests import Chat, Completions, read_chat, read_completions
from tests.support.tgi_server.parameters import TextRequest
from tests.support.tgi_server.service import Service
from tests.support.tgi_server.templates import rendered
from tests.support.tgi_server.text_routes import stream_headers, timing_headers
from tests.support.tgi_server.validation import ValidRequest

DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class OpenAIRoutes:
    service: Service
    facts: FactRoutes

    async def chat(self, request: Request) -> Response:
        return await self.answer_chat(read_chat(self._json(request), request))

    async def completions(self, request: Request) -> Response:
        return await self.answer_completions(read_completions(self._json(request), request))

    async def chat_tokenize(self, request: Request) -> Response:
        chat = read_chat(self._json(request), request)
        text = rendered(self.service.setup, chat.messages)
        return json_response(200, {"tokenize_response": await self.facts.tokens(text), "templated_text": text})

    async def answer_chat(self, chat: Chat) -> Response:
        asked = TextRequest(rendered(self.service.setup, chat.messages), chat.parameters)
        if chat.stream:
            return self._streamed(self._chat_events(asked, chat), asked.inputs)
        started = time.perf_counter()
        answer, _ = await self.service.generate(asked)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": answer.text},
            "logprobs": _logprobs(answer.steps) if chat.logprobs else None,
            "finish_reason": _stopped(answer.finish),
        }
        body = {**self._stamp("chat.completion"), "choices": [choice], "usage": _usage_of([answer])}
        headers = timing_headers(self.service, asked.inputs, [answer], time.perf_counter() - started)
        return json_response(200, body, headers)

    async def answer_completions(self, asked: Completions) -> Response:
        most = self.service.setup.limits.max_client_batch_size
        if asked.suffix is not None:
            problem = "Suffix is not supported and can be achieved by preprocessing the prompt."
            raise Failure(422, "suffix not supported", problem)
        if len(asked.prompts) > most:
            problem = f"Number of prompts exceeds the maximum allowed batch size of {most}"
            raise Failure(422, "batch size exceeded", problem)
        if asked.stream:
            return self._streamed(self._completion_events(asked), *asked.prompts)
        started = time.perf_counter()
        answers = [(await self.service.generate(request))[0] for request in asked.requests()]
        choices = [
            {"index": index, "text": answer.text, "logprobs": None, "finish_reason": _stopped(answer.finish)}
            for index, answer in enumerate(answers)
        ]
        body = {**self._stamp("text_completion"), "choices": choices, "usage": _usage_of(answers)}
        headers = timing_headers(self.service, "".join(asked.prompts), answers, time.perf_counter() - started)
        return json_response(200, body, headers)

    def _json(self, request: Request) -> Any:
        return read_json(request, self.service.setup.limits.payload)

    def _stamp(self, kind: str) -> dict[str, Any]:
        setup = self.service.setup
        model = {"model": setup.engine.model_id, "system_fingerprint": setup.fingerprint}
        return {"object": kind, "id": "", "created": int(time.time()), **model}

    def _streamed(self, events: Body, *inputs: str) -> Response:
        alive = kept_alive(events, self.service.setup.limits.keep_alive)
        return Response(200, alive, {**HEADERS, **stream_headers(*inputs)})

    async def _chat_events(self, asked: TextRequest, chat: Chat) -> Body:
        version = self.service.setup.version
        try:
            async with aclosing(self.service.stream(asked)) as produced:
                async for valid, step, made in produced:
                    yield event(version, self._chat_chunk(step, logprobs=chat.logprobs))
                    if step.finish is not None and chat.include_usage:
                        usage = {"choices": [], "usage": _usage(len(valid.tokens), len(made))}
                        yield event(version, {**self._stamp("chat.completion.chunk"), **usage})
        except Failure as failure:
            yield event(version, _openai_error(failure))
        if version.ends_with_done:
            yield event(version, DONE)

    def _chat_chunk(self, step: Step, *, logprobs: bool) -> dict[str, Any]:
        choice = {
            "index": 0,
            "delta": {"role": "assistant", "content": "" if step.token.special else step.token.text},
            "logprobs": _logprobs([step]) if logprobs else None,
            "finish_reason": _stopped(step.finish) if step.finish else None,
        }
        return {**self._stamp("chat.completion.chunk"), "choices": [choice], "usage": None}

    async def _completion_events(self, asked: Completions) -> Body:
        """The prompts one after the other, where TGI interleaves them. Special tokens show their text."""
        version = self.service.setup.version
        for index, request in enumerate(asked.requests()):
            try:
                async with aclosing(self.service.stream(request)) as produced:
                    async for valid, step, made in produced:
                        yield event(version, self._completion_chunk(index, valid, step, made))
            except Failure as failure:
                yield event(version, _openai_error(failure))
        if version.ends_with_done:
            yield event(version, DONE)

    def _completion_chunk(self, index: int, valid: ValidRequest, step: Step, made: list[Step]) -> dict[str, Any]:
        choice = {"index": index, "text": step.token.text, "logprobs": None, "finish_reason": step.finish or ""}
        body = {**self._stamp("text_completion"), "choices": [choice]}
        return body if step.finish is None else body | {"usage": _usage(len(valid.tokens), len(made))}


def _stopped(finish: FinishReason) -> str:
    return "stop" if finish == "eos_token" else finish  # a stop sequence keeps TGI's own name


def _logprobs(steps: Sequence[Step]) -> dict[str, Any]:
    def entry(step: Step) -> dict[str, Any]:
        top = [{"token": token.text, "logprob": token.logprob} for token in step.top_tokens]
        return {"token": step.token.text, "logprob": step.token.logprob, "top_logprobs": top}

    return {"content": [entry(step) for step in steps]}


def _usage(prompt: int, generated: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": generated, "total_tokens": prompt + generated}


def _usage_of(answers: Sequence[Generation]) -> dict[str, int]:
    return _usage(sum(len(answer.request.tokens) for answer in answers), sum(len(answer.steps) for answer in answers))


def _openai_error(failure: Failure) -> dict[str, Any]:
    return {"error": {"message": failure.message, "http_status_code": 422}}  # 422 whatever it was
