"""What a worker process and its pool say to each other: frames of a length and a payload.

What a worker answers is JSON and not a pickle, for it reads files of strangers: whatever one of them might make it say
stays data here.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import IO

from ingest import errors
from ingest.documents import Document, Heading, Source, Span
from ingest.errors import KestrelError
from ingest.parsing import FailedFile, ParsedFile

LENGTH = struct.Struct(">Q")


class WireClosed(Exception):
    """The other side is gone, or was stopped in the middle of a frame."""


def send(stream: IO[bytes], payload: bytes) -> None:
    """Write one frame. Raises `WireClosed`."""
    try:
        stream.write(LENGTH.pack(len(payload)))
        stream.write(payload)
        stream.flush()
    except (OSError, ValueError) as error:  # ValueError: our own end is closed
        raise WireClosed from error


def receive(stream: IO[bytes]) -> bytes:
    """Read one frame. Raises `WireClosed`."""
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
    message: dict[str, object] = {"source": asdict(result.source)}
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
    fields = message["document"]
    fields["headings"] = tuple(Heading(*heading) for heading in fields["headings"])
    for name in ("pages", "labels", "warnings"):
        fields[name] = tuple(fields[name])
    spans = tuple(Span(*span) for span in message["spans"])
    return ParsedFile(source, Document(**fields), spans, message["reader"])
