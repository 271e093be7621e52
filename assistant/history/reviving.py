"""Frozen dataclasses to JSON and back. What a newer or an older version did not know is left out, or its default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def written(noun: Any) -> str:
    """A dataclass as JSON."""
    return json.dumps(asdict(noun), ensure_ascii=False, separators=(",", ":"))


def read(kind: type[T], text: str) -> T:
    """The dataclass of some JSON. Raises `ValueError`, `TypeError` or `KeyError` when it is none of that kind."""
    revived: T = _revived(kind, json.loads(text))
    return revived


def _revived(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return None if value is None else _revived(kinds[0], value)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(
            **{each.name: _revived(hints[each.name], value[each.name]) for each in fields(hint) if each.name in value}
        )
    if get_origin(hint) is tuple:
        return tuple(_revived(get_args(hint)[0], each) for each in value)
    return dict(value) if get_origin(hint) is Mapping else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
