"""Mailboxes of the mbox format (RFC 4155) as text: message by message, each a page with its subject as heading."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.documents import Document, Heading
from ingest.errors import FileFailed
from ingest.readers.assembling import Assembly
from ingest.readers.mail import read_message

if TYPE_CHECKING:
    from collections.abc import Iterator

WARNINGS = 20  # of single messages

# The line that begins a message stands at the top or below an empty line, and ends in a date.
_BORDER = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\d\d:\d\d[^\r\n]*\r?\n")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)  # a line of the text that would look like one


class MboxReader:
    """Reads `.mbox`. Messages are called "message 3", what is attached to them "message 3, attachment report.pdf"."""

    suffixes = frozenset({".mbox", ".mbx"})

    def read(self, data: bytes, source: str) -> Document:
        assembly = Assembly()
        warnings: list[str] = []
        for number, message in enumerate(_messages(data), start=1):
            label = f"message {number}"
            try:
                document = read_message(message, source, skipped=assembly.skipped)
            except FileFailed as failure:
                assembly.begin_page(label)
                kind = "encrypted message" if failure.outcome == "encrypted" else "message that is malformed"
                assembly.skipped[kind] += failure.outcome != "empty"
                continue
            assembly.include(_headed(document), level=1, label=label)
            warnings += (f"{label}: {warning}" for warning in document.warnings)
        assembly.warnings = warnings[:WARNINGS]
        if len(warnings) > WARNINGS:
            assembly.warnings.append(f"{len(warnings) - WARNINGS} more warnings about single messages")
        return replace(assembly.document(data, source), title="")  # the first subject is none for all of them


def _messages(data: bytes) -> Iterator[bytes]:
    borders = list(_BORDER.finditer(data))
    if not borders:
        yield data
        return
    ends = [border.start() for border in borders[1:]] + [len(data)]
    for border, end in zip(borders, ends, strict=True):
        yield _QUOTED.sub(rb"\1", data[border.end() : end])


def _headed(message: Document) -> Document:
    """The message with its subject as a heading over all of it."""
    if not message.title:
        return message
    start = len(message.text) - len(message.text.lstrip())
    return replace(message, headings=(Heading(0, message.title, start), *message.headings))
