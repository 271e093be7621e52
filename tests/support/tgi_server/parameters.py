"""The parameters of a generation as a client may send them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.support.tgi_server.deserialising import Field, read_json, read_struct
from tests.support.tgi_server.messages import Request
from tests.support.tgi_server.versions import Version

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Parameters:
    """`GenerateParameters` of router/src/lib.rs. None is Rust's `None`: what it means is for the validation to say."""

    best_of: int | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    typical_p: float | None = None
    do_sample: bool = False
    max_new_tokens: int | None = None
    return_full_text: bool | None = None
    stop: tuple[str, ...] = ()
    truncate: int | None = None
    watermark: bool = False
    details: bool = False
    decoder_input_details: bool = False
    seed: int | None = None
    top_n_tokens: int | None = None
    grammar: dict[str, Any] | None = None
    adapter_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextRequest:
    """The body of POST /, /generate and /generate_stream. `stream` is read on / and /invocations alone."""

    inputs: str
    parameters: Parameters
    stream: bool = False


def default_length(version: Version) -> int | None:
    """max_new_tokens where it is absent; None fills the window."""
    return {"twenty": 20, "hundred": 100, "fill": None}[version.default_length]


def fields(version: Version) -> dict[str, Field]:
    """The fields that a version knows; it ignores others without a word."""
    flag = Field("bool", nullable=False, default=False)
    known = {
        "best_of": Field("usize"),
        "temperature": Field("f32"),
        "repetition_penalty": Field("f32"),
        "top_k": Field("i32"),
        "top_p": Field("f32"),
        "typical_p": Field("f32"),
        "do_sample": flag,
        "max_new_tokens": Field("u32", nullable=version.length_may_be_null),
        "return_full_text": Field("bool"),
        "stop": Field("strings", nullable=False, default=()),
        "truncate": Field("usize"),
        "watermark": flag,
        "details": flag,
        "decoder_input_details": flag,
        "seed": Field("u64"),
    }
    if version.has_top_n_tokens:
        known["top_n_tokens"] = Field("u32")
    if version.has_frequency_penalty:
        known |= {"frequency_penalty": Field("f32"), "grammar": Field("map"), "adapter_id": Field("string")}
    return known


def read_text_request(request: Request, version: Version, limit: int) -> TextRequest:
    """Raises `Rejection` as axum does on a body that is not a `CompatGenerateRequest`."""
    return text_request(read_json(request, limit), request, version)


def text_request(body: Any, request: Request, version: Version) -> TextRequest:
    outer = {
        "inputs": Field("string", nullable=False, required=True),
        "parameters": Field("any", nullable=False, default=_ABSENT),
        "stream": Field("bool", nullable=False, default=False),
    }
    values = read_struct(body, "CompatGenerateRequest", outer, request)
    return TextRequest(values["inputs"], _parameters(values["parameters"], request, version), values["stream"])


def _parameters(value: Any, request: Request, version: Version) -> Parameters:
    if value is _ABSENT:  # lib.rs: `#[serde(default = "default_parameters")]`, which samples from 1.4.0 on
        return Parameters(do_sample=version.numbers_events, max_new_tokens=default_length(version))
    read = read_struct(value, "GenerateParameters", fields(version), request, "parameters")
    parameters = replace(Parameters(), **{**read, "stop": tuple(read["stop"])})
    if "max_new_tokens" not in value:
        return replace(parameters, max_new_tokens=default_length(version))
    return parameters
