"""What a worker process and its pool say to each other: frames of a length and a payload.

What a worker answers is JSON and not a pickle, for it reads files of strangers: whatever one of them might make it say
stays data here.
"""

from __future__ import annotations

import json
import struct
from dataclasses import fields
from typing import IO

from ingest import errors
from ingest.documents import Document, Heading, Source, Span
from ingest.errors import KestrelError
from ingest.workers.parsing import FailedFile, ParsedFile

LENGTH = struct.Struct(">Q")
SOURCE_FIELDS = tuple(field.name for field in fields(Source))  # `asdict` would copy deeply, at a third of all the cost


class WireClosed(Exception):
    """The other side is gone, or was stopped in the middle of a frame."""


def send(stream: IO[bytes] | None, payload: bytes) -> None:
    """Write one frame, and let the other side have it and those put before. Raises `WireClosed`."""
    put(stream, payload)
    flush(stream)


def put(stream: IO[bytes] | None, payload: bytes) -> None:
    """Write one frame that may wait for the next `flush`, for each wakes the other side. Raises `WireClosed`."""
    if stream is None:
        raise WireClosed
    try:
        stream.write(LENGTH.pack(len(payload)))
        stream.write(payload)
    except (OSError, ValueError) as error:  # ValueError: our own end is closed
        raise WireClosed from error


def flush(stream: IO[bytes] | None) -> None:
    """Let the other side have what was put. Raises `WireClosed`."""
    if stream is None:
        raise WireClosed
    try:
        stream.flush()
    except (OSError, ValueError) as error:
        raise WireClosed from error


def receive(stream: IO[bytes] | None) -> bytes:
    """Read one frame. Raises `WireClosed`."""
    if stream is None:
        raise WireClosed
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    try:
        data = stream.read(size)
    except (OSError, ValueError) as error:
        raise WireClosed from error
    if len(data) < size:
        raise WireClosed
    return data


def encode(result: ParsedFile | FailedFile) -> bytes:
    message: dict[str, object] = {"source": {name: getattr(result.source, name) for name in SOURCE_FIELDS}}
    if isinstance(result, ParsedFile):
        document = result.document
        message["document"] = {
            "id": document.id,
            "text": document.text,
            "source": document.source,
            "title": document.title,
            "pages": document.pages,
            "labels": document.labels,
            "headings": [(heading.level, heading.title, heading.start) for heading in document.headings],
            "metadata": dict(document.metadata),
            "warnings": document.warnings,
            "reading": document.reading,
        }
        message["reader"] = result.reader
        message["spans"] = [(span.start, span.end, span.heading) for span in result.spans]
    return json.dumps(message, ensure_ascii=False, check_circular=False).encode("utf-8", errors="surrogatepass")


def encode_error(error: KestrelError) -> bytes:
    return json.dumps({"error": [type(error).__name__, error.message, error.remedy]}).encode()


def decode(payload: bytes) -> ParsedFile | FailedFile:
    """The result in a frame. An error in it is raised, as what it was where Kestrel knows the kind."""
    message = json.loads(payload.decode("utf-8", errors="surrogatepass"))
    if "error" in message:
        kind, *words = message["error"]
        raise getattr(errors, kind, errors.KestrelError)(*words)
    source = Source(**message["source"])
    if "document" not in message:
        return FailedFile(source)
    told = message["document"]
    told["headings"] = tuple(Heading(*heading) for heading in told["headings"])
    for name in ("pages", "labels", "warnings"):
        told[name] = tuple(told[name])
    spans = tuple(Span(*span) for span in message["spans"])
    return ParsedFile(source, Document(**told), spans, message["reader"])
