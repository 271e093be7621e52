"""The settings file: which keys `kestrel.toml` may hold. Flags win over `KESTREL_*` variables, those over the file.

Only the edges read it (command lines, web UI); the library takes arguments.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from ingest.errors import UsageError


class Settings(BaseModel):
    """Every key is optional and has the meaning of the flag of the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kb: Path | None = None
    embedder: str | None = None
    chunker: str | None = None
    exclude: tuple[str, ...] | None = None
    workers: PositiveInt | None = None
    llm: str | None = None
    profile: str | None = None
    tokenizer: Path | None = None
    budget: PositiveInt | None = None
    mode: Literal["auto", "chunks", "whole"] | None = None

    @classmethod
    def parse(cls, values: dict[str, Any], path: Path) -> dict[str, Any]:
        """The values that are set. Raises `UsageError` naming the first wrong key and the nearest right one."""
        try:
            return cls(**values).model_dump(exclude_none=True)
        except ValidationError as error:
            problem = error.errors()[0]
            key = ".".join(str(part) for part in problem["loc"])
            near = get_close_matches(key, cls.model_fields, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(cls.model_fields)}."
            raise UsageError(f"{path}: {key!r}: {problem['msg']}.", hint) from error
