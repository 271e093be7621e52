"""From what a server says to the error it means: statuses, error bodies, error events, and how long to wait."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from assistant.errors import (
    GenerationFailed,
    ModelAccessDenied,
    ModelOverloaded,
    ModelRequestRejected,
    ModelServerFailed,
    NotAModelServer,
    PromptOverflow,
    ServedModelError,
)
from assistant.llms.address import Address

MAX_BODY = 65_536  # bytes of an error body that are read

# What text-generation-inference means by its error types when the status is lost, as in a stream (always 200).
_STATUS_OF_TYPE = {"validation": 422, "overloaded": 429, "generation": 424, "incomplete_generation": 500}
_REMEDIES = {
    401: "Give the right API key.",
    403: "Give a key that may use this model.",
    404: "Check the address: is the path right, and the model's name?",
    413: "Send less at once, or raise the server's body limit (TGI: --payload-limit).",
    424: "See the server's log.",
}


def failure_of(status: int, headers: Mapping[str, str], body: bytes, address: Address) -> ServedModelError:
    """The error that an HTTP response which is not a success means."""
    if 300 <= status < 400:
        return NotAModelServer(f"{address.url} sends on to another address ({status}).", "Give the final address.")
    error = _typed(status, _message(body) or _phrase(status), address)
    error.retry_after = retry_after(headers.get("retry-after"))
    return error


def json_event(data: str, address: Address) -> dict[str, Any]:
    """The JSON object of an event. Raises the error that it announces, as no status can after HTTP 200."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotAModelServer(f"{address.url} sent an event that is not JSON.", "Is it a model server?") from error
    if not isinstance(event, dict):
        raise NotAModelServer(f"{address.url} sent an event that is no JSON object.", "Is it a model server?")
    if "error" in event or event.get("object") == "error":
        raise _announced(event, address)
    return event


def _announced(event: Mapping[str, Any], address: Address) -> ServedModelError:
    detail = event.get("error")
    nested = detail if isinstance(detail, dict) else event
    status = nested.get("http_status_code") or nested.get("code")
    if not isinstance(status, int):
        status = _STATUS_OF_TYPE.get(str(event.get("error_type")), 500)
    return _typed(status, _text_of(event) or "no reason given", address)


def retry_after(value: str | None) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110, 10.2.3: seconds or a date); None when it is unusable."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _typed(status: int, message: str, address: Address) -> ServedModelError:
    said = f"{address.url} says: {address.clean(message)} ({status})."
    if status in (400, 413, 422) and (counts := overflow(message)):
        error = PromptOverflow(said, "Fewer passages, a shorter history or question will fit.", status=status)
        error.given, error.limit = counts
        return error
    kind: type[ServedModelError]
    match status:
        case 401 | 403:
            kind = ModelAccessDenied
        case 408 | 429 | 503:
            kind = ModelOverloaded
        case 424:
            kind = GenerationFailed
        case 500 | 502 | 504:
            kind = ModelServerFailed
        case _:
            kind = ModelRequestRejected
    return kind(said, _REMEDIES.get(status, ""), status=status)


# The servers' own words, each with the prompt's length and the limit where both are told.
_OVERFLOWS = (
    # TGI (router/src/validation.rs); the first counts the answer's reserve against the same limit
    re.compile(r"must be <= (?P<limit>\d+)\. Given: (?P<given>\d+) `inputs` tokens"),
    re.compile(r"must have less than (?P<limit>\d+) tokens\. Given: (?P<given>\d+)"),
    # vLLM, three generations
    re.compile(
        r"maximum context length is (?P<limit>\d+) tokens.*?\((?P<given>\d+) in the (messages|prompt)", re.DOTALL
    ),
    re.compile(r"maximum context length is (?P<limit>\d+) tokens.*?request has (?P<given>\d+) input tokens", re.DOTALL),
    re.compile(r"context length is (?P<limit>\d+) tokens.*?at least (?P<given>\d+) input tokens", re.DOTALL),
    # SGLang
    re.compile(r"The input \((?P<given>\d+) tokens\) is longer than the model's context length \((?P<limit>\d+)"),
    re.compile(r"context length of (?P<limit>\d+) tokens.*?(?P<given>\d+) tokens from the input", re.DOTALL),
    # llama.cpp
    re.compile(r"request \((?P<given>\d+) tokens\) exceeds the available context size \((?P<limit>\d+)"),
    # Any other that says so without figures
    re.compile(r"(?P<given>)(?P<limit>)(maximum context length|context size|context window|too many tokens)"),
)


def overflow(message: str) -> tuple[int | None, int | None] | None:
    """(tokens given, tokens allowed) when a message says that the prompt is too long; None when it says otherwise."""
    for pattern in _OVERFLOWS:
        if found := pattern.search(message):
            given, limit = found["given"], found["limit"]
            return (int(given) if given else None), (int(limit) if limit else None)
    return None


def _message(body: bytes) -> str:
    text = body[:MAX_BODY].decode("utf-8", errors="replace").strip()
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.startswith("<") else text  # an HTML page says nothing that its status does not
    return _text_of(payload) if isinstance(payload, dict) else text


def _text_of(payload: Mapping[str, Any]) -> str:
    """The sentence in an error body: TGI {"error": …}, OpenAI {"error": {"message": …}}, FastAPI {"detail": …}."""
    for key in ("error", "message", "detail"):
        value = payload.get(key)
        if isinstance(value, dict):
            return _text_of(value)
        if isinstance(value, str) and value:
            return value
    return ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "an unknown status"
