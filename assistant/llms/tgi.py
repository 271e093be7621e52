"""Text Generation Inference, 0.9 to 3.x, through the `text-generation` client: `tgi:http://host:8080`.

The only file that knows this client. It is used for what it is good at, making the request and reading the events,
and its session is given to it from here, because left alone it loses statuses and takes a broken stream for a whole
answer (docs/adr/0008-text-generation-client.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from functools import cache, partial
from types import FunctionType
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TraceConfig

from assistant.answers import Completion, Finish, ModelProfile, Sampling
from assistant.errors import LikelihoodsNotTold, NotAModelServer, PromptOverflow
from assistant.llms.address import Address
from assistant.llms.deadline import Deadline
from assistant.llms.failures import MAX_BODY, failure_of, json_event
from assistant.llms.likelihoods import ReadText
from assistant.llms.served import Options, Served, ServedModel
from assistant.llms.server_sent_events import event_data
from assistant.llms.streaming import Event
from assistant.llms.transport import Transport, check_content_type, unreachable, where_offered
from assistant.protocols import LLM
from ingest.errors import UsageError

_FINISHES: dict[str, Finish] = {"length": "length", "eos_token": "stop", "stop_sequence": "stop"}
_MOST_STOPS = 4  # the server's default --max-stop-sequences
_COUNTS_BY_REFUSAL = re.compile(r"[012]\.")  # 3.x checks the total against min(max_new_tokens, 1024): it would generate


def open_tgi(url: str, options: Options) -> LLM:
    """The model behind a TGI server."""
    _messages()  # imports the client now: the third of a second that it takes is not the server's
    return ServedModel(TextGenerationInference(Address.parse(url, options.key)), options)


class TextGenerationInference:
    """See `assistant.llms.served.Backend`."""

    fallback = ""  # its route takes raw prompts, so the template must be known

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self._address = address
        self._transport = Transport(address)
        self._info: dict[str, Any] = {}
        self._tokenizes = True  # from 1.4.0 on; found out by trying

    async def identify(self, deadline: Deadline) -> Served:
        """By `/info`: `max_input_length` was renamed `max_input_tokens` in 2.1. A gateway may not let it through."""
        info = await where_offered(self._transport.get("/info", deadline))
        if info is None:
            return Served(())
        if not isinstance(info, dict) or "model_id" not in info or "max_total_tokens" not in info:
            raise NotAModelServer(f"{self.url}/info does not tell a model.", "Is it text-generation-inference?")
        self._info = info
        longest = info.get("max_input_tokens") or info.get("max_input_length")
        return Served(
            (str(info["model_id"]),),
            int(info["max_total_tokens"]),
            int(longest) if longest else None,
            str(info.get("model_sha") or ""),
        )

    async def generate(
        self, profile: ModelProfile, prompt: str, sampling: Sampling, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        if not profile.template:
            raise UsageError(
                f"The profile {profile.name!r} leaves the chat template to the server, but TGI's own route has none.",
                f"Use --llm openai:{self.url}/v1 with it.",
            )
        from text_generation.errors import ValidationError

        stream = _stream(self._address, prompt, _parameters(profile, sampling), deadline)
        try:
            async with aclosing(stream):
                async for event in stream:
                    if event.generated_text is not None:
                        yield _completion(event)
                        return
                    yield "" if event.token.special else event.token.text
        except (ClientError, ConnectionError) as error:
            raise unreachable(self._address, error) from error
        except ValidationError as error:
            raise UsageError(f"The request cannot be sent: {error}.", "Change the sampling.") from error
        except (KeyError, TypeError, ValueError) as error:
            raise NotAModelServer(f"{self.url} sent an event of an unknown form: {error!r}.") from error

    async def overhead(self, deadline: Deadline) -> int | None:
        return None

    async def count(self, text: str, deadline: Deadline) -> int | None:
        if self._tokenizes:
            tokens = await where_offered(self._transport.post("/tokenize", {"inputs": text}, deadline))
            if tokens is not None:
                return len(tokens)
            self._tokenizes = False
        return await self._count_by_refusal(text, deadline)

    async def read(self, texts: Sequence[str], deadline: Deadline) -> Sequence[ReadText]:
        """By `decoder_input_details`: the tokens that the model was given, before the one that it adds."""
        return [await self._read(text, deadline) for text in texts]

    async def _read(self, text: str, deadline: Deadline) -> ReadText:
        parameters = {"max_new_tokens": 1, "details": True, "decoder_input_details": True, "return_full_text": False}
        body = {"inputs": text, "parameters": parameters}
        answer = await self._transport.post("/generate", body, deadline, deadline.timeouts.first_token)
        try:
            prefill = answer["details"]["prefill"]
            read = ReadText(tuple(int(token["id"]) for token in prefill), tuple(token["logprob"] for token in prefill))
        except (KeyError, TypeError, ValueError) as error:
            raise NotAModelServer(f"{self.url} sent details of an unknown form: {error!r}.") from error
        told = [value for value in read.logprobs[1:] if value is not None]
        if not read.tokens or (len(read.tokens) > 1 and not told):
            raise LikelihoodsNotTold(
                f"{self.url} does not tell how likely the tokens of a prompt are.",
                "From version 3 on, TGI must be started with --enable-prefill-logprobs.",
            )
        return read

    async def _count_by_refusal(self, text: str, deadline: Deadline) -> int | None:
        """The length that the server states when it refuses a request which exceeds the window; no GPU is touched.

        It checks `inputs` tokens + `max_new_tokens` before it queues (router/src/validation.rs, 0.9 to 2.x).
        """
        if not _COUNTS_BY_REFUSAL.match(str(self._info.get("version"))):
            return None
        body = {"inputs": text, "parameters": {"max_new_tokens": self._info["max_total_tokens"]}}
        try:
            await where_offered(self._transport.post("/generate", body, deadline))
        except PromptOverflow as refusal:
            return refusal.given
        return None


def _parameters(profile: ModelProfile, sampling: Sampling) -> dict[str, Any]:
    """What the client is asked for. The server refuses a temperature of 0, and a `top_p` or `typical_p` of 1."""
    chosen = {"temperature": sampling.temperature, "top_p": sampling.top_p, "typical_p": sampling.typical_p}
    neutral = {"temperature": (0.0, 1.0), "top_p": (1.0,), "typical_p": (1.0,)}
    warpers = {name: value for name, value in chosen.items() if value is not None and value not in neutral[name]}
    return {
        "max_new_tokens": sampling.max_tokens,
        "do_sample": sampling.temperature > 0 or bool(warpers),
        "seed": sampling.seed,
        "stop_sequences": list(profile.stop[:_MOST_STOPS]),
        "return_full_text": False,
        **warpers,
    }


def _completion(event: Any) -> Completion:
    """The final event: it alone proves that the answer is whole, and holds it as the server decoded it."""
    details = event.details
    if details is None:
        return Completion(event.generated_text, "stop")
    finish = _FINISHES[details.finish_reason.value]
    return Completion(event.generated_text, finish, details.input_length, details.generated_tokens)


def _stream(address: Address, prompt: str, asked: dict[str, Any], deadline: Deadline) -> AsyncGenerator[Any]:
    """`AsyncClient.generate_stream` with three names of its module bound to ours.

    The client offers no place for a session. Binding the names for this one function leaves the installed module, and
    everybody else who uses it, as they are.
    """
    from text_generation import AsyncClient

    tracing = TraceConfig()
    tracing.on_request_redirect.append(partial(_refuse_redirect, address=address))
    session = partial(
        ClientSession,
        raise_for_status=partial(_admit, address=address),
        trace_configs=[tracing],
        trust_env=not address.is_local,
    )
    original = AsyncClient.generate_stream
    names = {**original.__globals__, **_messages(), "ClientSession": session}
    generate_stream = FunctionType(original.__code__, names, argdefs=original.__defaults__)
    client = AsyncClient(address.url, headers=address.headers())
    client.timeout = ClientTimeout(total=None, connect=deadline.within(deadline.timeouts.connect))
    stream: AsyncGenerator[Any] = generate_stream(client, prompt, **asked)
    return stream


@cache
def _messages() -> dict[str, Any]:
    """The client's request and event, mended."""
    from text_generation import types

    class Request(types.Request):  # type: ignore[misc]
        def dict(self) -> dict[str, Any]:
            """Without pydantic's deprecated method, and without nulls: 0.9 and 3.3 differ in the fields they know."""
            return {**self.model_dump(exclude_none=True)}

    class StreamDetails(types.StreamDetails):  # type: ignore[misc]
        input_length: int | None = None  # tokens of the prompt, from 2.3.0 on

    class StreamResponse(types.StreamResponse):  # type: ignore[misc]
        details: StreamDetails | None = None

    return {"Request": Request, "StreamResponse": StreamResponse}


async def _admit(response: Any, *, address: Address) -> None:
    """Lets through what is an event stream, as clean events; aiohttp calls it before the client sees the response."""
    if response.status != 200:
        body = b""
        while len(body) < MAX_BODY and (chunk := await response.content.read(MAX_BODY)):
            body += chunk
        raise failure_of(response.status, response.headers, body, address)
    check_content_type(response.headers.get("Content-Type", ""), "text/event-stream", address)
    response.content = _CheckedContent(response.content, address)


class _CheckedContent:
    """A response's content which, iterated, gives checked lines; aiohttp asks it for everything else."""

    def __init__(self, content: Any, address: Address) -> None:
        self._content = content
        self._address = address

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _checked_lines(self._content.iter_any(), self._address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)


async def _checked_lines(chunks: AsyncIterator[bytes], address: Address) -> AsyncIterator[bytes]:
    """Each event as the one line that the client can read; an error event as the error that it is."""
    async for data in event_data(chunks):
        event = json_event(data, address)
        if not isinstance(event.get("token"), dict):
            raise NotAModelServer(f"{address.url} sent an event without a token.", "Is it text-generation-inference?")
        yield b"data:" + json.dumps(event).encode() + b"\n"


async def _refuse_redirect(_session: Any, _context: Any, sent: Any, *, address: Address) -> None:
    raise failure_of(sent.response.status, {}, b"", address)
