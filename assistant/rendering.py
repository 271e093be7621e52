"""Answers for people at a terminal: sentences with numbers, then the places the numbers stand for.

Everything that comes from documents or models passes through `ingest.plain` before it is shown.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import click

from assistant.answers import Answer, Citation, Passage, Sentence
from assistant.extraction.layout import BULLET
from ingest.lines import Block, blocks
from ingest.places import place_name
from ingest.plain import plain

WIDEST = 100  # characters; longer lines are hard to read
NEAREST = 3  # passages shown when the documents do not answer
QUOTE = 200  # characters shown of a quote
NEIGHBOURS = 2  # characters of white space between sentences that follow each other

# Markers are built from controls, which `plain` takes out of everything else, so that no document can forge one.
_OPEN, _CLOSE = "\x02", "\x03"
_MARKER = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_COLUMNS = re.compile(r"\s\|\s|\t")


@dataclass(frozen=True, slots=True)
class _Place:
    """A page of a source, or a source without pages."""

    source: str
    page: int
    label: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A part of a sentence; `alone`: an item, a row, a line of code, not to be joined with what is around it."""

    text: str
    alone: bool = False


def render(answer: Answer, *, color: bool = False, width: int = 0, text: bool = True) -> str:
    """The answer as lines without a final newline. `width` 0 is that of the terminal.

    Without `text` only what stands below the answer: for answers that were shown while they came.
    """
    width = width or min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
    numbers = _numbered(answer.sentences)
    paragraphs = [*(_paragraphs(answer, numbers, width) if text else ()), *_below(answer, numbers, width)]
    return _marked("\n".join(paragraphs), color=color)


def _numbered(sentences: Sequence[Sentence]) -> dict[_Place, int]:
    """The places that are cited, numbered in the order in which they are first met."""
    cited = (citation for sentence in sentences for citation in sentence.citations if citation.verified)
    places = dict.fromkeys(map(_place, cited))
    return {place: number for number, place in enumerate(places, start=1)}


def _place(cited: Citation | Passage) -> _Place:
    return _Place(cited.source, cited.page, cited.label)


def _paragraphs(answer: Answer, numbers: dict[_Place, int], width: int) -> Iterator[str]:
    if not answer.sentences:
        yield textwrap.fill(plain(answer.text), width)
        return
    flowing: list[str] = []
    for sentence in answer.sentences:
        *lines, last = _lines(sentence)
        lines.append(replace(last, text=last.text + _markers(sentence, numbers)))
        if any(line.alone for line in lines):
            yield from _filled(flowing, width)
        for line in lines:
            if line.alone:
                yield from _filled(flowing, width)
                yield _wrapped(line.text, width, "  ", "    ")
            else:
                flowing.append(line.text)
    yield from _filled(flowing, width)


def _filled(flowing: list[str], width: int) -> Iterator[str]:
    """One paragraph of the sentences so far, which are then done."""
    if flowing:
        yield _wrapped(" ".join(flowing), width)
        flowing.clear()


def _wrapped(text: str, width: int, first: str = "", others: str = "") -> str:
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _lines(sentence: Sentence) -> list[_Line]:
    """A sentence as it reads; a list, table or listing keeps its lines where the sentence is what stands there."""
    quotes = [citation.quote for citation in sentence.citations]
    if " ".join(" ".join(quote.split()) for quote in quotes) != " ".join(sentence.text.split()):
        return [_Line(plain(sentence.text))]
    lines: list[_Line] = []
    for quote in quotes:
        for block in blocks(quote):
            line = _line(quote, block)
            if lines and not line.alone and not lines[-1].alone:
                lines[-1] = _Line(f"{lines[-1].text} {line.text}")
            else:
                lines.append(line)
    return lines or [_Line(plain(sentence.text))]


def _line(quote: str, block: Block) -> _Line:
    """Code keeps its indentation."""
    text = quote[block.start : block.end]
    before = quote[: block.start].rpartition("\n")[2]
    indent = before if block.whole and before.isspace() else ""
    return _Line(indent + plain(text), block.whole or bool(BULLET.match(text) or _COLUMNS.search(text)))


def _markers(sentence: Sentence, numbers: dict[_Place, int]) -> str:
    """ "[1][2]", joined to the sentence by a space at which no line is broken."""
    if sentence.support == "not_found":
        return f"\N{NO-BREAK SPACE}{_OPEN}not\N{NO-BREAK SPACE}found{_CLOSE}"
    doubt = "?" if sentence.support == "partly" else ""
    found = dict.fromkeys(numbers[_place(citation)] for citation in sentence.citations if citation.verified)
    return "\N{NO-BREAK SPACE}" + "".join(f"{_OPEN}{number}{doubt}{_CLOSE}" for number in found) if found else ""


def _below(answer: Answer, numbers: dict[_Place, int], width: int) -> Iterator[str]:
    if answer.abstained:
        yield from _nearest(answer.passages[:NEAREST], width)
    elif numbers:
        yield from _sources(answer.sentences, numbers, width)
    yield from _doubts(answer, width)


def _doubts(answer: Answer, width: int) -> Iterator[str]:
    """What speaks against single sentences, and how many markers of the model named nothing."""
    doubtful = [sentence for sentence in answer.sentences if sentence.doubts]
    if doubtful or answer.markers_dropped:
        yield "\n" + click.style("In doubt", bold=True)
    for sentence in doubtful:
        shortened = textwrap.shorten(plain(sentence.text), 60, placeholder=" …")
        yield _wrapped(f"“{shortened}” {plain(' '.join(sentence.doubts))}", width, "  ", "    ")
    if answer.markers_dropped:
        yield f"  {answer.markers_dropped} citations of the model name no passage, and were dropped."


def _sources(sentences: Sequence[Sentence], numbers: dict[_Place, int], width: int) -> Iterator[str]:
    yield "\n" + click.style("Sources", bold=True)
    names = _names([place.source for place in numbers])
    cited = [(citation, sentence) for sentence in sentences for citation in sentence.citations]
    for place, number in numbers.items():
        here = [(citation, sentence) for citation, sentence in cited if _place(citation) == place]
        spans = [(citation.start, citation.end) for citation, _ in here if citation.verified]
        yield f"  {_OPEN}{number}{_CLOSE} {names[place.source]}{_page(place)}{_characters(spans)}"
        for citation, sentence in here:
            if citation.verified and plain(citation.quote) not in plain(sentence.text):
                yield _quote(citation.quote, width)


def _characters(spans: Sequence[tuple[int, int]]) -> str:
    """ ", characters 10–90, 120–150": where to look in what `ingest text` prints; neighbours are joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(set(spans)):
        if joined and start - joined[-1][1] <= NEIGHBOURS:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return ", characters " + ", ".join(f"{start}–{end}" for start, end in joined) if joined else ""


def _nearest(passages: Sequence[Passage], width: int) -> Iterator[str]:
    if not passages:
        return
    yield "\n" + click.style("Nearest passages", bold=True)
    names = _names([passage.source for passage in passages])
    for passage in passages:
        yield f"  {names[passage.source]}{_page(_place(passage))}"
        yield _quote(_gist(passage.text), width)


def _gist(text: str) -> str:
    """A passage as one line, with dots where a heading or an item ends without a full stop."""
    parts = [plain(text[block.start : block.end]).lstrip("# ") for block in blocks(text)]
    return "".join(part + (" " if part.endswith((".", "!", "?", ":")) else " · ") for part in parts if part).rstrip(
        " ·"
    )


def _quote(text: str, width: int) -> str:
    shortened = textwrap.shorten(plain(text), QUOTE, placeholder=" …")
    return _wrapped(f"“{shortened}”", width, " " * 6, " " * 6)


def _page(place: _Place) -> str:
    """ ", page 7", ", page 7 (iv)" or ", slide 3" (see `place_name`); "" for formats without pages."""
    name = plain(place_name(place.page, place.label))
    return f", {name}" if name else ""


def _names(sources: Sequence[str]) -> dict[str, str]:
    """Each source by its file's name; by its whole path where two of them share the name."""
    distinct = dict.fromkeys(sources)
    shared = Counter(PurePath(source).name for source in distinct)
    return {
        source: plain(source if shared[PurePath(source).name] > 1 else PurePath(source).name or source)
        for source in distinct
    }


def _marked(text: str, *, color: bool) -> str:
    def marker(match: re.Match[str]) -> str:
        words = f"[{match[1]}]"
        return click.style(words, fg="green" if match[1].isdigit() else "yellow")

    styled = _MARKER.sub(marker, text)
    return styled if color else click.unstyle(styled)
