"""Servers with OpenAI's protocol (vLLM, SGLang, llama.cpp, Ollama, LM Studio, TGI): `openai:http://host:8000/v1#model`.

A profile with a template is sent to `/completions` as it stands; without one the prompt goes to `/chat/completions`
as the user's message, and the server applies the model's template.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

from assistant.answers import Completion, Finish, ModelProfile, Sampling
from assistant.errors import ModelMismatch, NotAModelServer, ServedModelError
from assistant.llms.address import Address
from assistant.llms.deadline import Deadline
from assistant.llms.failures import json_event
from assistant.llms.likelihoods import ReadText
from assistant.llms.reading import TextReader
from assistant.llms.served import Options, Served, ServedModel
from assistant.llms.servers import (
    UNKNOWN,
    ServerKind,
    kind_of,
    limits_in_facts,
    template_body,
    tokenize_body,
    tokens_counted,
    window_in_list,
)
from assistant.llms.streaming import Event
from assistant.llms.transport import Transport, where_offered
from assistant.protocols import LLM
from ingest.errors import UsageError

_FINISHES: dict[str, Finish] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "stop_sequence"), "stop"),
    "length": "length",
}
_PROBE = "x"
_DONE = "[DONE]"
_DATE = re.compile(r"-[0-9]{4}-?[0-9]{2}-?[0-9]{2}$")
_USAGE_WAIT = 2.0  # seconds


def open_openai(specification: str, options: Options) -> LLM:
    """`URL#model`; without `#model` the server must serve one only."""
    url, _, model = specification.partition("#")
    return ServedModel(OpenAICompatible(Address.parse(url, options.key), model, options.any_model), options)


class OpenAICompatible:
    """See `assistant.llms.served.Backend`."""

    fallback = "chat"

    def __init__(self, address: Address, model: str = "", any_model: bool = False) -> None:
        self.url = address.url
        self._transport = Transport(address)
        self._address = address
        self._asked = model
        self._any_model = any_model
        self._names: tuple[str, ...] = ()
        self._kind: ServerKind = UNKNOWN

    async def identify(self, deadline: Deadline) -> Served:
        entry = self._entry(await self._listed(deadline))
        self._kind = kind_of(entry)
        self._names = _names(entry)
        window, longest = window_in_list(entry), None
        if window is None and self._kind.facts:
            window, longest = await self._limits(deadline)
        return Served(self._names, window, longest)

    async def generate(
        self, profile: ModelProfile, prompt: str, sampling: Sampling, deadline: Deadline
    ) -> AsyncGenerator[Event]:
        body = self._body(profile, sampling)
        if profile.template:
            events = self._transport.events("/completions", {**body, "prompt": prompt}, deadline)
        else:
            messages = [{"role": "user", "content": prompt}]
            events = self._transport.events("/chat/completions", {**body, "messages": messages}, deadline)
        reading = _Reading()
        async with aclosing(events):
            async for data in events:
                if data == _DONE:
                    return
                event = json_event(data, self._address)
                self._check_model(event)
                yield reading.piece(event)
                if reading.finish:
                    await self._read_usage(events, reading)
                    yield reading.completion()
                    return

    async def _read_usage(self, events: AsyncGenerator[str], reading: _Reading) -> None:
        """The token counts follow the finish reason, if at all. The answer is whole without them."""
        with suppress(TimeoutError, ServedModelError):
            async with asyncio.timeout(_USAGE_WAIT):
                async for data in events:
                    if data == _DONE:
                        return
                    reading.piece(json_event(data, self._address))

    async def count(self, text: str, deadline: Deadline) -> int | None:
        if not self._kind.text_field:
            return None
        return tokens_counted(await self._ask("/tokenize", tokenize_body(self._kind, self._names[0], text), deadline))

    async def overhead(self, deadline: Deadline) -> int | None:
        """What the chat template makes of a short message, less the message."""
        if (question := template_body(self._kind, self._names[0], _PROBE)) is None:
            return None
        answer = await self._ask(*question, deadline)
        if isinstance(answer, dict) and isinstance(prompt := answer.get("prompt"), str):  # llama.cpp tells the text
            written = await self.count(prompt, deadline)
            whole = None if written is None else written + 1  # before which it may put one token more
        else:
            whole = tokens_counted(answer)
        alone = await self.count(_PROBE, deadline)
        return None if whole is None or alone is None else whole - alone

    async def read(self, texts: Sequence[str], deadline: Deadline) -> Sequence[ReadText]:
        name = self._kind.alias or self._names[0]
        return await TextReader(self._transport, self._kind, name, self._root).read(texts, deadline)

    async def _ask(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> Any:
        return await where_offered(self._transport.post(self._root + path, body, deadline))

    @property
    def _root(self) -> str:
        """Where the server's own routes are: beside /v1."""
        return self.url.removesuffix("/v1")

    async def _listed(self, deadline: Deadline) -> Any:
        """The models that are served. A gateway without a list is taken at its word for the model that is asked for."""
        if not self._asked:
            listed = await self._transport.get("/models", deadline)
        elif (listed := await where_offered(self._transport.get("/models", deadline))) is None:
            return [{"id": self._asked}]
        return listed.get("data") if isinstance(listed, dict) else None

    def _entry(self, models: Any) -> Mapping[str, Any]:
        """The model that is asked for, in the list of those that are served."""
        entries = [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []
        if not entries:
            raise NotAModelServer(f"{self.url}/models lists no model.", "Does the address end in /v1?")
        served = [str(entry.get("id")) for entry in entries]
        if not self._asked and len(entries) > 1:
            raise UsageError(f"{self.url} serves {len(served)} models.", f"Add #{served[0]}, or another of {served}.")
        if not self._asked:
            return entries[0]
        for entry in entries:
            if self._asked in (*_names(entry), kind_of(entry).alias):
                return entry
        if self._any_model:
            return entries[0]
        raise ModelMismatch(
            f"The model {self._asked!r} was asked for, but {self.url} serves {', '.join(map(repr, served[:8]))}.",
            f"Ask for {served[0]!r}, or start the server with the other one.",
        )

    async def _limits(self, deadline: Deadline) -> tuple[int | None, int | None]:
        facts = await where_offered(self._transport.get(self._root + self._kind.facts, deadline))
        return limits_in_facts(self._kind, facts, self._names[0])

    def _body(self, profile: ModelProfile, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._kind.alias or self._names[0],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        optional = {"seed": sampling.seed, "top_p": sampling.top_p, "stop": list(profile.stop) or None}
        if self._kind.takes_typical_p:
            optional["typical_p"] = sampling.typical_p
        return body | {name: value for name, value in optional.items() if value is not None}

    def _check_model(self, event: Mapping[str, Any]) -> None:
        """A router may hand the request to another model. Some servers answer with a dated name of the same one."""
        answering = event.get("model")
        if self._any_model or not isinstance(answering, str) or not answering:
            return
        undated = _DATE.sub("", answering)
        if not any(name in (answering, undated) or name.endswith(f"/{answering}") for name in self._names):
            raise ModelMismatch(
                f"The model {self._names[0]!r} was asked for, but {self.url} answers with {answering!r}.",
                "Check the server's routing, or allow any model if you know that they are the same.",
            )


class _Reading:
    """What the events of one answer have told so far."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self.finish = ""
        self._usage: Mapping[str, Any] = {}

    def piece(self, event: Mapping[str, Any]) -> str:
        """The text of an event; "" for those that carry a role, a thought or the usage."""
        if isinstance(usage := event.get("usage"), dict):
            self._usage = usage
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        choice = choices[0]
        self.finish = choice.get("finish_reason") or self.finish
        delta = choice.get("delta")
        text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
        self._text.append(text if isinstance(text, str) else "")
        return self._text[-1]

    def completion(self) -> Completion:
        """Once a finish reason came; without one the stream was cut, [DONE] or not."""
        known = _FINISHES.get(self.finish)
        return Completion(
            "".join(self._text),
            known or "incomplete",
            self._usage.get("prompt_tokens"),
            self._usage.get("completion_tokens"),
            "" if known else f"The server ended it with {self.finish!r}.",
        )


def _names(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Under which a model can be asked for, the one to send first; Ollama takes "m" for "m:latest"."""
    aliases = entry.get("aliases")
    names = [entry.get("id"), entry.get("root"), *(aliases if isinstance(aliases, list) else [])]
    known = [name for name in names if isinstance(name, str) and name]
    return tuple(dict.fromkeys([*known, *(name.removesuffix(":latest") for name in known)]))
