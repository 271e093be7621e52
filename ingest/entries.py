"""Stored documents as JSON and as rows of half floats: the form in which they travel between knowledge bases."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ingest.documents import Document, Entry, Heading, Source, Span

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """All of an entry but its name, its text and its vectors."""
    document = entry.document
    return {
        "id": document.id,
        "title": document.title,
        "pages": list(document.pages),
        "labels": list(document.labels),
        "headings": [[heading.level, heading.title, heading.start] for heading in document.headings],
        "metadata": dict(document.metadata),
        "warnings": list(document.warnings),
        "reading": document.reading,
        "spans": [[span.start, span.end, span.heading] for span in entry.spans],
        "hashes": [digest.hex() for digest in entry.hashes],
    }


def entry_from_json(value: dict[str, Any], text: str, source: Source, vectors: FloatMatrix) -> Entry:
    """The entry again, under the name `source`. `vectors` is (chunks, dimension), float32."""
    document = Document(
        id=value["id"],
        text=text,
        source=source.uri,
        title=value["title"],
        pages=tuple(value["pages"]),
        labels=tuple(value["labels"]),
        headings=tuple(Heading(*heading) for heading in value["headings"]),
        metadata=value["metadata"],
        warnings=tuple(value["warnings"]),
        reading=value.get("reading", 0),
    )
    spans = tuple(Span(*span) for span in value["spans"])
    return Entry(document, source, spans, tuple(bytes.fromhex(digest) for digest in value["hashes"]), vectors)


def source_as_json(source: Source) -> dict[str, Any]:
    return asdict(source)


def source_from_json(value: dict[str, Any]) -> Source:
    return Source(**value)
