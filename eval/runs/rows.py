"""Replies as JSON objects, one a line."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from assistant.answers import Likelihood
from eval.samples import Place, Reply

_FIELDS = {field.name for field in fields(Reply)}


def line_of(reply: Reply) -> str:
    """One line, without the line break."""
    return json.dumps(asdict(reply), ensure_ascii=False)


def reply_of(record: dict[str, Any]) -> Reply:
    """What `line_of` wrote. Fields that this version does not know are left out. Raises `TypeError`, `KeyError`."""
    known = {name: value for name, value in record.items() if name in _FIELDS}
    places = {name: tuple(Place(**place) for place in known.get(name, ())) for name in ("passages", "cited")}
    likelihoods = tuple(Likelihood(**each) for each in known.get("likelihoods", ()))
    return Reply(**{**known, **places, "likelihoods": likelihoods})
