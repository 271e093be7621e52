"""The key of a reply: a hash over everything that shaped it, so that two models can never share one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def key_of(shape: Mapping[str, Any]) -> str:
    """sha256 of the canonical JSON: sorted names, no spaces. Raises `TypeError` for what is not JSON."""
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
