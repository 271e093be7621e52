"""What clients send to the OpenAI-compatible routes, turned into TGI's own parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.tgi_server.deserialising import Field, read_struct
from tests.support.tgi_server.messages import Request
from tests.support.tgi_server.parameters import Parameters, TextRequest

DEFAULT_LENGTH = 100  # max_tokens of /v1/completions
_SHARED = {
    "model": Field("string"),
    "stop": Field("strings", default=()),
    "stream": Field("bool", nullable=False, default=False),
    "temperature": Field("f32"),
    "top_p": Field("f32"),
    "frequency_penalty": Field("f32"),
    "seed": Field("u64"),
    "max_tokens": Field("u32"),
}
_CHAT = {
    "messages": Field("maps", nullable=False, required=True),
    "max_completion_tokens": Field("u32"),
    "presence_penalty": Field("f32"),
    "logprobs": Field("bool", default=False),
    "top_logprobs": Field("u32"),
    "stream_options": Field("map"),
}
_COMPLETIONS = {
    "prompt": Field("prompts", nullable=False, required=True),
    "repetition_penalty": Field("f32"),
    "suffix": Field("string"),
}


@dataclass(frozen=True, slots=True)
class Chat:
    messages: tuple[Mapping[str, Any], ...]
    parameters: Parameters
    stream: bool
    logprobs: bool
    include_usage: bool


@dataclass(frozen=True, slots=True)
class Completions:
    prompts: tuple[str, ...]
    parameters: Parameters
    stream: bool
    suffix: str | None

    def requests(self) -> Iterator[TextRequest]:
        return (TextRequest(prompt, self.parameters) for prompt in self.prompts)


def read_chat(body: Any, request: Request) -> Chat:
    """Raises `Rejection`. `presence_penalty` x becomes a repetition penalty of x + 2, as TGI has it."""
    values = read_struct(body, "ChatRequest", _SHARED | _CHAT, request)
    length = values["max_completion_tokens"] if values["max_tokens"] is None else values["max_tokens"]
    presence = values["presence_penalty"]
    parameters = _parameters(values, length, None if presence is None else presence + 2.0, values["top_logprobs"])
    options = values["stream_options"] or {}
    usage = bool(options.get("include_usage"))
    return Chat(tuple(values["messages"]), parameters, values["stream"], values["logprobs"], usage)


def read_completions(body: Any, request: Request) -> Completions:
    """Raises `Rejection`."""
    values = read_struct(body, "CompletionRequest", _SHARED | _COMPLETIONS, request)
    length = DEFAULT_LENGTH if values["max_tokens"] is None else values["max_tokens"]
    parameters = _parameters(values, length, values["repetition_penalty"])
    return Completions(tuple(values["prompt"]), parameters, values["stream"], values["suffix"])


def _parameters(
    values: Mapping[str, Any], length: int | None, repetition_penalty: float | None, top_n: int | None = None
) -> Parameters:
    """A temperature of 0 decodes greedily; any other, or none, samples."""
    greedy = values["temperature"] == 0.0
    return Parameters(
        temperature=None if greedy else values["temperature"],
        do_sample=not greedy,
        top_p=values["top_p"],
        repetition_penalty=repetition_penalty,
        frequency_penalty=values["frequency_penalty"],
        max_new_tokens=length,
        stop=tuple(values["stop"]),
        seed=values["seed"],
        top_n_tokens=top_n,
        details=True,
    )
