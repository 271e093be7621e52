"""Model servers that a person named, kept beside the knowledge base: everything of them but the key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import StorageFailed, UsageError

FILE = "endpoints.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model server. `spec` is a value of `--llm`, `profile` a name of `assistant models`, "" to find it out.

    `tokenizer` is the path of the model's tokenizer.json, for exact counts; "" where the server is asked to count.
    """

    spec: str
    profile: str = ""
    key: str = field(default="", repr=False)
    tokenizer: str = ""


def kept_endpoints(location: Path) -> list[Endpoint]:
    """Those of `keep_endpoint`, or none. Raises `UsageError` for a file that holds something else."""
    path = location / FILE
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return [Endpoint(str(each["spec"]), str(each["profile"]), tokenizer=str(each["tokenizer"])) for each in records]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} does not hold the servers that the Models page keeps: {error}.", "Mend or remove it."
        ) from error


def keep_endpoint(location: Path, endpoint: Endpoint) -> None:
    """Add one to those of the collection's folder, in place of one with its `spec`. Its key is left out.

    Raises `StorageFailed` where the folder cannot be written, `UsageError` as `kept_endpoints`.
    """
    others = [each for each in kept_endpoints(location) if each.spec != endpoint.spec]
    _write(location, [*others, endpoint])


def forget_endpoint(location: Path, spec: str) -> None:
    """Raises as `keep_endpoint`."""
    kept = kept_endpoints(location)
    left = [each for each in kept if each.spec != spec]
    if len(left) < len(kept):
        _write(location, left)


def _write(location: Path, endpoints: Sequence[Endpoint]) -> None:
    records = [{"spec": each.spec, "profile": each.profile, "tokenizer": each.tokenizer} for each in endpoints]
    path = location / FILE
    beside = path.with_suffix(".part")
    try:
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise StorageFailed(
            f"{path} could not be written: {error.strerror or error}.",
            "A server that was added is used until the page is loaded anew.",
        ) from error
