"""Nouns as lines for people and as JSON for scripts. Field names are a contract: scripts read them."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.places import place_name
from ingest.plain import plain
from ingest.progress import duration, shorten
from ingest.reports import Failed, Read, Removed, Stored
from ingest.unlocking import NEEDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.changes import Holding, Receipt
    from ingest.documents import Hit
    from ingest.reports import Event, Report

SNIPPET_CHARACTERS = 240


def report_lines(report: Report) -> Iterator[str]:
    done = f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, {report.removed} removed"
    yield f"{done}, {len(report.failed)} failed in {duration(report.seconds)}."
    yield f"The knowledge base holds {report.documents} documents in {report.chunks} chunks."


def password_hint(report: Report) -> str:
    """What to do about files that a password opens and that were read without one; "" where there are none."""
    locked = sum(failed.reason == NEEDED for failed in report.failed)
    files = "1 file needs" if locked == 1 else f"{locked} files need"
    return f"{files} a password: the same command with --password asks for it." if locked else ""


def deed_as_json(event: Event) -> dict[str, Any]:
    """What happened to one source, {} for events that are no deeds."""
    match event:
        case Stored(source=source, updated=updated):
            return {"event": "updated" if updated else "added", "source": source}
        case Removed(source=source):
            return {"event": "removed", "source": source}
        case Failed(source=source, outcome=outcome, reason=reason):
            return {"event": "failed", "source": source, "error": f"{outcome}: {reason}"}
        case Read(source=source, warnings=warnings) if warnings:
            return {"event": "warning", "source": source, "warnings": list(warnings)}
    return {}


def deed_line(event: Event) -> str:
    """The same for a person, "" for events that are no deeds."""
    deed = deed_as_json(event)
    detail = deed.get("error", "") or "; ".join(deed.get("warnings", ()))
    return f"{deed['event']:<8} {shorten(deed['source'])}{f': {plain(detail)}' if detail else ''}" if deed else ""


def hit_as_json(rank: int, hit: Hit) -> dict[str, Any]:
    """One element of `ingest search --json`. It begins on `page`, on which `label` is printed ("" for formats without
    pages), and ends on `page_end`."""
    chunk = hit.chunk
    return {
        "rank": rank,
        "score": round(hit.score, 6),
        "source": hit.source,
        "page": chunk.page,
        "page_end": hit.last_page,
        "label": hit.label,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
    }


def hit_lines(hits: Sequence[Hit]) -> Iterator[str]:
    if not hits:
        yield "Nothing found."
    for rank, hit in enumerate(hits, start=1):
        section = f"  {plain(hit.chunk.heading)}" if hit.chunk.heading else ""
        yield f"{rank:>2}. {shorten(hit.source)}{page_mark(hit)}{section}"
        snippet = textwrap.shorten(plain(hit.chunk.text), SNIPPET_CHARACTERS, placeholder=" …")
        yield textwrap.fill(snippet, 96, initial_indent="    ", subsequent_indent="    ")


def page_mark(hit: Hit) -> str:
    """ ", p. 7", ", p. 7 (iv)" or ", slide 3" (see `place_name`); "" for formats without pages."""
    name = plain(place_name(hit.chunk.page, hit.label, "p."))
    return f", {name}" if name else ""


def holding_as_json(holding: Holding) -> dict[str, Any]:
    source = holding.source
    return {
        "source": source.uri,
        "document": source.document_id,
        "title": holding.title,
        "pages": holding.pages,
        "chunks": holding.chunks,
        "size": source.size,
        "outcome": source.outcome,
        "reason": source.reason,
        "warnings": list(holding.warnings),
        "outdated": holding.outdated,
    }


def holding_lines(holdings: Sequence[Holding]) -> Iterator[str]:
    if not holdings:
        yield "No sources."
        return
    yield f"{'pages':>6} {'chunks':>7} {'size':>9}  source"
    for holding in holdings:
        source = holding.source
        size = f"{source.size / 1000:.0f} kB" if source.size < 10_000_000 else f"{source.size / 1e6:.0f} MB"
        yield f"{holding.pages or '':>6} {holding.chunks:>7} {size:>9}  {shorten(source.uri)}"
        if source.outcome != "ok":
            kept = "; the last good version is kept" if source.document_id else ""
            yield f"{'':>26}{source.outcome}: {source.reason}{kept}"
        yield from (f"{'':>26}{remark}" for remark in holding.remarks)


def receipt_as_json(receipt: Receipt) -> dict[str, Any]:
    return asdict(receipt)


def receipt_lines(receipt: Receipt, location: Path) -> Iterator[str]:
    yield f"Removed {receipt.source} ({receipt.chunks} chunks, document {receipt.document_id[:12] or '–'})."
    for place in receipt.places:
        yield f"  {place.name:<14} {place.state:<12} {place.detail}".rstrip()
    for name in receipt.kept_by:
        yield f"  The same document is still stored under the name {name}."
    if any(place.state == "unreachable" for place in receipt.places):
        yield f"To give its bytes back to the disk: ingest rebuild --kb {shlex.quote(str(location))}"
