"""Files into a knowledge base: find, read, cut, embed, store.

Parsing runs in worker processes while this process embeds. Every commit holds whole documents, so a run that is
stopped at any moment, by Ctrl-C or by a power cut, has lost nothing that it reported as stored; the next run goes on.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.changes import Remove, Tag
from ingest.chunkers import open_chunker
from ingest.discovery import Found, FoundFile, find_files
from ingest.documents import Source
from ingest.errors import UsageError
from ingest.reports import Event, Failed, Removed, Report, Scanned, Stored, Unchanged
from ingest.web import is_address, parse_address
from ingest.web.downloading import download
from ingest.workers.pool import Limits, ParsedFile, ParserPool
from ingest.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ingest.knowledge_base import KnowledgeBase
    from ingest.web import Address
    from ingest.workers.pool import FailedFile

RACY_SECONDS = 2.0  # a file written this shortly before it was read may change again under the same timestamp
PASSING = frozenset({"timeout", "memory", "crashed", "vanished", "denied"})  # failures worth another try


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to ingest. `workers` None takes one per processor, at most four; `urls` allows web addresses beside paths.

    `password` opens PDFs and Office files under one; it goes to the workers of this process and is stored nowhere.
    `again` reads what did not change too, and replaces what is stored of it: readers or the chunker may give more now.
    `elsewhere` reads and stores files in other processes (see `ingest.queue`) in place of this one; pages stay here.
    """

    exclude: tuple[str, ...] = ()
    chunker: str = "sentence"
    workers: int | None = None
    urls: bool = False
    again: bool = False
    elsewhere: Callable[[Sequence[FoundFile]], Iterator[Event]] | None = None
    limits: Limits = field(default_factory=Limits)
    password: str = field(default="", repr=False)


def add(knowledge: KnowledgeBase, paths: Sequence[str | Path], options: IngestOptions | None = None) -> Iterator[Event]:
    """Bring the files under `paths` in. Yields events as they happen; the last one is the `Report`.

    Web addresses among them are fetched when `options.urls` allows it, and raise `UsageError` when it does not.
    """
    options = options or IngestOptions()
    addresses = [parse_address(str(path).strip()) for path in paths if is_address(str(path))]
    if addresses and not options.urls:
        raise UsageError(
            f"{addresses[0]} is a web address, and fetching is off.", "Allow it with IngestOptions(urls=True)."
        )
    found = find_files([path for path in paths if not is_address(str(path))], exclude=options.exclude)
    return _with_pages(knowledge, found, options, addresses) if addresses else bring_in(knowledge, found, options)


def sync(
    knowledge: KnowledgeBase, path: str | Path, options: IngestOptions | None = None, *, allow_empty: bool = False
) -> Iterator[Event]:
    """As `add`, and forget every source below `path` that is not there any more.

    A folder that is missing or has become empty is more often an unmounted disk than a wish to forget everything:
    that raises `UsageError` unless `allow_empty`.
    """
    options = options or IngestOptions()
    root = Path(os.path.abspath(path))  # noqa: PTH100 - as discovery does: without "..", links kept
    stored = stored_below(knowledge, root)
    missing = allow_empty and not root.exists()
    found = Found(()) if missing else find_files([root], exclude=options.exclude)
    if stored and not found.files and not allow_empty:
        raise UsageError(
            f"{root} holds no files now, and {len(stored)} sources of it are stored.",
            "If they are really to be forgotten, add --allow-empty.",
        )
    gone = gone_from([source.uri for source in stored], found)
    return bring_in(knowledge, found, options, gone)


def stored_below(knowledge: KnowledgeBase, root: Path) -> list[Source]:
    """What is stored of a folder or file."""
    return [source for source in knowledge.sources() if Path(source.uri).is_relative_to(root)]


def gone_from(stored: Iterable[str], found: Found) -> list[str]:
    """The names that were not found any more. What could not be looked at may still be there, and is not among them."""
    present = {file.uri for file in found.files}
    unseen = [skipped.path for skipped in found.skipped if skipped.outcome]
    return [uri for uri in stored if uri not in present and not any(Path(uri).is_relative_to(path) for path in unseen)]


def _with_pages(
    knowledge: KnowledgeBase, found: Found, options: IngestOptions, addresses: Sequence[Address]
) -> Iterator[Event]:
    """Pages are kept only until they are read. One that is in as it was need not be sent, but to be read again."""
    pages = (source for source in knowledge.sources() if is_address(source.uri) and source.outcome == "ok")
    known = {page.uri: page for page in pages if _lasts(page) and not options.again}
    with tempfile.TemporaryDirectory(prefix="kestrel-") as folder:
        fetched = download(addresses, Path(folder), known, knowledge.store.tags())
        found = replace(found, files=(*found.files, *fetched.files))
        yield from bring_in(knowledge, found, options, refused=fetched.failures)


def bring_in(
    knowledge: KnowledgeBase,
    found: Found,
    options: IngestOptions,
    gone: Sequence[str] = (),
    refused: Sequence[FailedFile] = (),
) -> Iterator[Event]:
    """Read and store what was found, forget what is `gone`, and remember why the `refused` are not in.

    Yields events as they happen; the last one is the `Report`.
    """
    started = time.monotonic()
    events: list[Event] = []
    for event in _steps(knowledge, found, options, gone, refused):
        events.append(event)
        yield event
    yield _report(knowledge, events, time.monotonic() - started)


def _steps(
    knowledge: KnowledgeBase,
    found: Found,
    options: IngestOptions,
    gone: Sequence[str],
    refused: Sequence[FailedFile],
) -> Iterator[Event]:
    stored = {source.uri: source for source in knowledge.sources()}
    work = [file for file in found.files if _is_work(file, stored.get(file.uri), options)]
    settled = [stored[file.uri] for file in set(found.files).difference(work)]
    failing = sorted((source for source in settled if source.outcome != "ok"), key=lambda source: source.uri)
    yield Scanned(len(work), sum(file.size for file in work), len(settled) - len(failing))
    for source in failing:  # as unreadable as they were: not read again, yet said again, for they are not in
        yield Failed(source.uri, source.outcome, source.reason, source.size)
    for skipped in found.skipped:
        if skipped.outcome:
            yield Failed(skipped.uri, skipped.outcome, skipped.reason)
    # Pages were fetched into a folder of this process, which others may not see.
    here = [file for file in work if not options.elsewhere or is_address(file.uri)]
    if here or refused:
        yield from _read_and_store(knowledge, here, options, stored, refused)
    if options.elsewhere and (there := [file for file in work if not is_address(file.uri)]):
        yield from options.elsewhere(there)
    if gone:
        knowledge.store.commit([Remove(uri) for uri in gone])
        yield from (Removed(uri) for uri in gone)
    if work or gone:
        knowledge.store.maintain()


def _read_and_store(
    knowledge: KnowledgeBase,
    work: Sequence[FoundFile],
    options: IngestOptions,
    stored: dict[str, Source],
    refused: Sequence[FailedFile],
) -> Iterator[Event]:
    writer = Writer(knowledge, stored, again=options.again)
    for failure in refused:
        yield from writer.refuse(failure)
    chunker = open_chunker(options.chunker, knowledge.embedder)
    with ParserPool(chunker, options.limits, options.workers, password=options.password) as pool:
        for outcome in pool.parse(work):
            if isinstance(outcome, ParsedFile):
                yield from writer.take(outcome)
            else:
                yield from writer.refuse(outcome)
        yield from writer.flush()
    if tags := [Tag(file.uri, file.mtime_ns, file.tag) for file in work if file.tag]:
        knowledge.store.commit(tags)


def _is_work(file: FoundFile, before: Source | None, options: IngestOptions) -> bool:
    return options.again or not is_settled(file, before, options.password)


def is_settled(file: FoundFile, before: Source | None, password: str = "") -> bool:
    """Whether nothing needs doing: size and time are as when it was read, and that time was not racy.

    Where there is a `password`, a file that asked for one is worth another try.
    """
    if before is None or (before.size, before.mtime_ns) != (file.size, file.mtime_ns) or before.outcome in PASSING:
        return False
    if before.outcome == "encrypted" and password:
        return False
    return _lasts(before)


def _lasts(source: Source) -> bool:
    """Whether what was read is what stands there as long as size and time stay the same."""
    return source.seen - source.mtime_ns / 1e9 > RACY_SECONDS


def _report(knowledge: KnowledgeBase, events: Sequence[Event], seconds: float) -> Report:
    statistics = knowledge.store.statistics()
    stored = [event for event in events if isinstance(event, Stored)]
    scanned = sum(event.unchanged for event in events if isinstance(event, Scanned))
    return Report(
        added=sum(not event.updated for event in stored),
        updated=sum(event.updated for event in stored),
        unchanged=scanned + sum(isinstance(event, Unchanged) for event in events),
        removed=sum(isinstance(event, Removed) for event in events),
        failed=tuple(event for event in events if isinstance(event, Failed)),
        documents=statistics.documents,
        chunks=statistics.chunks,
        seconds=seconds,
    )
