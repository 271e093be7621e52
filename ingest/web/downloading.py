"""Pages of the web as files for the parsers to read, each under its address as name."""

from __future__ import annotations

import mimetypes
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.discovery import FoundFile
from ingest.documents import Source
from ingest.errors import FileFailed
from ingest.web.addresses import Address
from ingest.web.fetching import Page, fetch
from ingest.workers.parsing import FailedFile, failed

# The ending that tells a reader what a text is, by media type; what is no text tells so itself.
ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "message/rfc822": ".eml",
}

SECOND = 10**9  # in nanoseconds
RESTED = 60 * SECOND  # the age of a file that nobody takes for one just written


@dataclass(frozen=True, slots=True)
class Downloads:
    """What of a list of addresses could be fetched, as files, and what could not."""

    files: tuple[FoundFile, ...] = ()
    failures: tuple[FailedFile, ...] = ()


def download(
    addresses: Sequence[Address],
    folder: Path,
    stored: Mapping[str, Source] | None = None,
    tags: Mapping[str, str] | None = None,
    get: Callable[..., Page | None] = fetch,
) -> Downloads:
    """Fetch pages one after the other into `folder`. What goes wrong with one is its outcome.

    The time of a file is that of the page's last change, where its server states one. By that, and by its entity tag in
    `tags`, a page of `stored`, by name, is asked for again, and sent only if it has changed; else its file is the one
    that was stored, and not there.
    """
    files, failures = [], []
    for number, address in enumerate(dict.fromkeys(addresses)):
        try:
            before = (stored or {}).get(str(address))
            page = get(address, since=_stated(before), tag=(tags or {}).get(str(address), "") if before else "")
        except FileFailed as failure:
            source = Source(str(address), 0, 0, None, seen=time.time())
            failures.append(failed(source, failure.outcome, failure.reason))
            continue
        if page is None:
            assert before is not None
            files.append(FoundFile(folder / "unchanged", before.size, before.mtime_ns, name=str(address)))
            continue
        path = folder / f"page-{number}{_ending(page)}"
        path.write_bytes(page.data)
        changed = _time(page)
        os.utime(path, ns=(changed, changed))
        files.append(FoundFile(path, len(page.data), path.stat().st_mtime_ns, name=str(address), tag=page.tag))
    return Downloads(tuple(files), tuple(failures))


def _time(page: Page) -> int:
    """Of its file, in nanoseconds: as stated, or an odd one, which is no whole second and so was stated by nobody.

    A tag tells one page from the next however soon that follows, so that its file need not look just written.
    """
    return page.changed * SECOND or (time.time_ns() - (RESTED if page.tag else 0)) | 1


def _stated(before: Source | None) -> int:
    """When a stored page last changed, by its server's word, in seconds since the epoch; 0 where it stated nothing."""
    return before.mtime_ns // SECOND if before and before.mtime_ns % SECOND == 0 else 0


def _ending(page: Page) -> str:
    """By the media type, where that says anything; else by the name at the end of the address."""
    named = PurePosixPath(page.address.target.partition("?")[0]).suffix.lower()
    if page.kind in ENDINGS:
        return ENDINGS[page.kind]
    return named if named and len(named) <= 10 and named.isascii() and named[1:].isalnum() else _guessed(page.kind)


def _guessed(kind: str) -> str:
    return mimetypes.guess_extension(kind) or ""
