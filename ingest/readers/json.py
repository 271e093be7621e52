"""JSON and JSON lines as text: a record is a line with its names, as in a table, and what encloses it a heading."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.assembling import BLANK_LINE, Assembly
from ingest.readers.characters import require_text, single_line
from ingest.readers.decoding import decode
from ingest.readers.tables import row_line

LINE_FIELDS = 40  # a record of more values, or
LINE_CHARACTERS = 800  # of a longer line, gets a line for each of its values
LINES_NAMED = 5  # in one warning
NAMES = ("title", "name", "headline", "subject", "label", "id")  # the member that tells records apart, the best first


class JsonReader:
    """Reads `.json` and one JSON value a line. Numbers stay as they are written, names that occur twice stay both.

    What is empty (`null`, `""`, `[]`) is left out, as empty cells of a table are. A file that is no JSON, such as
    one with comments, is kept as written, with a warning.
    """

    suffixes = frozenset({".json", ".jsonl", ".ndjson", ".jsonld", ".geojson", ".webmanifest"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        text = require_text(decoded.text)
        writer = _Writer()
        writer.assembly.warnings.extend(decoded.warnings)
        try:
            title = writer.write_text(text)
        except RecursionError as error:
            raise FileFailed("parse_error", "its values are nested too deeply") from error
        return writer.assembly.document(data, source, title=title)


class _Object(list[tuple[str, Any]]):
    """The members of an object in order. A `dict` would lose all but the last of equal names."""


class _Writer:
    """Writes values into a document. `level` is that of the headings which stand above them."""

    def __init__(self) -> None:
        self.assembly = Assembly()

    def write_text(self, text: str) -> str:
        """Write one JSON value, or one a line, or what is no JSON as it is. Returns the title that is stated."""
        try:
            value = _parsed(text)
        except ValueError as error:
            value = self._lines(text)
            if value is None:
                self.assembly.warnings.append(single_line(f"not valid JSON, kept as written: {error}"))
                self.assembly.put(text)
                return ""
        self._write(value, 0)
        return _name(value) if isinstance(value, _Object) else ""

    def _lines(self, text: str) -> list[Any] | None:
        """The values of JSON lines; None when more lines are none than are."""
        values: list[Any] = []
        wrong: list[int] = []
        for number, line in enumerate(text.split("\n"), start=1):
            try:
                values += [_parsed(line)] if line.strip() else []
            except ValueError:
                values.append(line)
                wrong.append(number)
        if 2 * len(wrong) >= len(values):
            return None
        if wrong:
            named = ", ".join(map(str, wrong[:LINES_NAMED])) + (" …" if len(wrong) > LINES_NAMED else "")
            self.assembly.warnings.append(f"not valid JSON, kept as written: {len(wrong)} of the lines ({named})")
        return values

    def _write(self, value: Any, level: int) -> None:
        match value:
            case _Object():
                self._object(value, level)
            case list():
                self._list(value, level)
            case _:
                self.assembly.put(_scalar(value))

    def _object(self, members: _Object, level: int) -> None:
        """First what belongs to the object itself, then its parts under headings: so none falls under another's."""
        parts = []
        for name, value in members:
            fields = _fields(value, name)
            if fields is None:
                parts.append((name, value))
            else:
                for path, text in fields:
                    self._line(f"{path}: {text}")
        for name, value in parts:
            self.assembly.head(level + 1, name)
            self._write(value, level + 1)

    def _list(self, values: Sequence[Any], level: int) -> None:
        records = [_record(value) for value in values]
        for number, (value, record) in enumerate(zip(values, records, strict=True), start=1):
            if None in records:
                self.assembly.head(level + 1, (_name(value) if isinstance(value, _Object) else "") or str(number))
                self._write(value, level + 1)
            else:
                self._line(record or "")

    def _line(self, text: str) -> None:
        self.assembly.put(text, gap=BLANK_LINE if "\n" in text or len(text) > LINE_CHARACTERS else "\n")


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=str, parse_constant=str)


def _name(members: _Object) -> str:
    """What a record calls itself, "" where it does not."""
    own = {name.lower(): value for name, value in members if isinstance(value, str)}
    return next((single_line(own[name]) for name in NAMES if own.get(name, "").strip()), "")


def _record(value: Any) -> str | None:
    """A value as one line; None where that would be too long, or hide its structure."""
    fields = _fields(value, "")
    if fields is None or any("\n" in text for _, text in fields):
        return None
    line = row_line([text for _, text in fields], [path for path, _ in fields])
    return line if len(line) <= LINE_CHARACTERS else None


def _fields(value: Any, path: str) -> list[tuple[str, str]] | None:
    """The values in a value with their paths ("address.city"); None where they are too many or hold lists of records.

    The work is bounded by `LINE_FIELDS`, however large the value.
    """
    fields: list[tuple[str, str]] = []
    for field in _leaves(value, path):
        if field is None or len(fields) == LINE_FIELDS:
            return None
        fields.append(field)
    return fields


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str] | None]:
    match value:
        case _Object():
            for name, member in value:
                yield from _leaves(member, f"{path}.{name}" if path else name)
        case list():
            texts = [_scalar(item) for item in value[: LINE_CHARACTERS + 1] if not isinstance(item, list)]
            text = ", ".join(filter(None, texts))
            if len(texts) < len(value) or len(text) > LINE_CHARACTERS:
                yield None
            elif text:
                yield path, text
        case _:
            text = _scalar(value)
            if text.strip():
                yield path, text


def _scalar(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
