"""What a reader sees in a file, without storing it: the first thing to look at when an answer is not found."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.chunkers import open_chunker
from ingest.discovery import find_files
from ingest.documents import Document, Source, Span
from ingest.embedders import open_embedder
from ingest.workers.parsing import FailedFile, ParsedFile, failed
from ingest.workers.pool import Limits, ParserPool

LEFT_OUT = "not read: "  # how the warning begins that counts what a reader leaves out


@dataclass(frozen=True, slots=True)
class PageView:
    """One page: how many characters stand on it, and the share of letters and digits in them, white space left out.

    Prose has a share of .95; below .7 it is a table of signs, or letters that a font hides.
    """

    label: str
    characters: int
    letters: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file as it would go into a knowledge base. `document` is None where it would not; `source` says why."""

    source: Source
    seconds: float
    reader: str = ""
    document: Document | None = None
    spans: tuple[Span, ...] = ()

    @property
    def pages(self) -> list[PageView]:
        """Every page, the whole text where the format has none."""
        if self.document is None:
            return []
        text, starts = self.document.text, self.document.pages
        ends = (*starts[1:], len(text))
        labels = self.document.labels or ("",)
        return [_page(label, text[start:end]) for label, start, end in zip(labels, starts, ends, strict=True)]

    @property
    def left_out(self) -> str:
        """What is in the file and not in its text, as "3 pictures, 1 chart"; "" where that is nothing."""
        warnings = self.document.warnings if self.document else ()
        return ", ".join(warning.removeprefix(LEFT_OUT) for warning in warnings if warning.startswith(LEFT_OUT))


def inspect(
    paths: Sequence[str | Path],
    chunker: str = "sentence",
    embedder: str = "minilm",
    limits: Limits | None = None,
    password: str = "",
) -> Iterator[Inspection]:
    """Read files as `ingest add` would, each in the same confined process, and tell what came of it.

    `embedder` counts the tokens of chunks, `password` opens PDFs and Office files that are under one.
    Raises `UsageError` for a path where nothing is.
    """
    found = find_files(paths)
    for skipped in found.skipped:
        if skipped.outcome:
            yield Inspection(failed(Source(skipped.uri, 0, 0, None), skipped.outcome, skipped.reason).source, 0.0)
    with ParserPool(open_chunker(chunker, open_embedder(embedder)), limits, workers=1, password=password) as pool:
        for file in found.files:
            started = time.monotonic()
            (result,) = pool.parse([file])
            yield _inspection(result, time.monotonic() - started)


def _inspection(result: ParsedFile | FailedFile, seconds: float) -> Inspection:
    if isinstance(result, FailedFile):
        return Inspection(result.source, seconds)
    return Inspection(result.source, seconds, result.reader, result.document, result.spans)


def _page(label: str, text: str) -> PageView:
    seen = [character for character in text if not character.isspace()]
    letters = sum(character.isalnum() for character in seen)
    return PageView(label, len(text), round(letters / len(seen), 3) if seen else 0.0)
