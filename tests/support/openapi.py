"""TGI's OpenAPI document as JSON schemas to hold answers against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class OpenAPI:
    """`nullable` of OpenAPI 3.0 is said in JSON Schema's own way, so that a validator heeds it."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        self.paths: dict[str, Any] = document["paths"]
        self._components = _plain(document["components"])

    def problems(self, value: Any, schema: str) -> list[str]:
        """What is wrong with a value of a named schema; empty when nothing is."""
        from jsonschema import Draft202012Validator

        root = {"$ref": f"#/components/schemas/{schema}", "components": self._components}
        return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(root).iter_errors(value)]


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key not in {"nullable", "example", "discriminator"}}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
