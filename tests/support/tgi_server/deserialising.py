"""Request bodies into dataclasses, refused in the words of serde_json and axum.

serde_json names the line and column where it gave up; here they are always those of the end of the body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.tgi_server.failures import Rejection
from tests.support.tgi_server.messages import Request

DEPTH = 128  # serde_json's recursion limit
Kind = Literal["string", "bool", "u32", "u64", "usize", "i32", "f32", "strings", "prompts", "map", "maps", "any"]
EXPECTED = {"string": "a string", "bool": "a boolean", "strings": "a sequence", "maps": "a sequence", "map": "a map"}
RANGES = {"u32": (0, 2**32), "u64": (0, 2**64), "usize": (0, 2**64), "i32": (-(2**31), 2**31)}
ACCEPTED: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bool": (bool,),
    "f32": (int, float),
    "strings": (list,),
    "prompts": (str, list),
    "map": (dict,),
    "maps": (list,),
}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct: its Rust type, whether it is an Option, and its value when absent."""

    kind: Kind
    nullable: bool = True
    default: Any = None
    required: bool = False


def read_json(request: Request, limit: int) -> Any:
    """The body as JSON. Raises `Rejection` as axum's `Json` extractor: 415, 413, 400."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        raise Rejection(415, "Expected request with `Content-Type: application/json`")
    if request.length > limit:
        raise Rejection(413, "Failed to buffer the request body: length limit exceeded")
    try:
        value = json.loads(request.body, parse_constant=_no_constant)
    except RecursionError:
        raise _syntax_error("recursion limit exceeded", request.body) from None
    except ValueError:
        what = "expected value" if request.body.strip() else "EOF while parsing a value"
        raise _syntax_error(what, request.body) from None
    if _depth(value) > DEPTH:
        raise _syntax_error("recursion limit exceeded", request.body)
    return value


def read_struct(value: Any, name: str, fields: Mapping[str, Field], request: Request, path: str = "") -> dict[str, Any]:
    """The known fields of a JSON object, the unknown ones ignored. Raises `Rejection` 422 on the first wrong one."""
    if not isinstance(value, dict):
        raise _data_error(f"invalid type: {_described(value)}, expected struct {name}", request, path)
    result = {}
    for key, field in fields.items():
        given = value.get(key, _ABSENT)
        if given is _ABSENT:
            if field.required:
                raise _data_error(f"missing field `{key}`", request, path)
            result[key] = field.default
        elif given is None and field.nullable:
            result[key] = field.default
        else:
            result[key] = _typed(given, field.kind, request, f"{path}.{key}".lstrip("."))
    return result


def _typed(value: Any, kind: Kind, request: Request, path: str) -> Any:
    if kind in RANGES:
        return _integer(value, kind, request, path)
    if kind == "any":
        return value
    fits = isinstance(value, ACCEPTED[kind]) and not (kind == "f32" and isinstance(value, bool))
    if not fits:
        raise _data_error(f"invalid type: {_described(value)}, expected {EXPECTED.get(kind, kind)}", request, path)
    if kind == "prompts" and isinstance(value, str):
        return [value]
    if kind in {"strings", "prompts"}:
        return [_typed(item, "string", request, f"{path}[{index}]") for index, item in enumerate(value)]
    return float(value) if kind == "f32" else value


def _integer(value: Any, kind: Kind, request: Request, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _data_error(f"invalid type: {_described(value)}, expected {kind}", request, path)
    low, high = RANGES[kind]
    if not low <= value < high:
        raise _data_error(f"invalid value: integer `{value}`, expected {kind}", request, path)
    return value


def _described(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    return "sequence" if isinstance(value, list) else "map"


def _depth(value: Any) -> int:
    """Nesting of a JSON value, counted without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, level)
            waiting.extend((inner, level + 1) for inner in (item.values() if isinstance(item, dict) else item))
    return deepest


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _position(body: bytes) -> str:
    lines = body.split(b"\n")
    return f"at line {len(lines)} column {len(lines[-1])}"


def _syntax_error(what: str, body: bytes) -> Rejection:
    return Rejection(400, f"Failed to parse the request body as JSON: {what} {_position(body)}")


def _data_error(what: str, request: Request, path: str) -> Rejection:
    place = f"{path}: " if path else ""
    text = f"Failed to deserialize the JSON body into the target type: {place}{what} {_position(request.body)}"
    return Rejection(422, text)
