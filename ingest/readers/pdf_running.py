"""Running heads, running feet and page numbers: what is set again on page after page and belongs to none of them."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.readers.characters import clean, single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.readers.pdf_parts import Line

OUTERMOST = 3  # lines from the top and from the foot of a page among which they stand
PAGES = 3  # on which one stands, at least
APART = 4  # pages from one to the next; chapters have heads of their own, and left pages others than right ones
HEIGHT = 2.0  # points within which heights are one height
WHITE = 0.5  # of the type's size that part them from the text; the head of a table stands close to its rows
LONGEST = 150  # characters

_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]{1,7})\b", re.IGNORECASE)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def parted(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], list[Line]]:
    """The pages without their running lines, and those lines, in the order of the pages.

    A running line has the words of its neighbours on other pages, numbers aside, at their height and apart from the
    text. A line of numbers alone is one where they grow from page to page. So is the outermost line of pages at
    whatever height: what was printed from the web is as long as its text, and the foot follows that.
    """
    running = _at_one_height(pages) | _wherever_pages_end(pages)
    kept = [[line for line in page if (number, line) not in running] for number, page in enumerate(pages)]
    return kept, [line for number, page in enumerate(pages) for line in page if (number, line) in running]


def distinct(lines: Sequence[Line]) -> list[str]:
    """The words of running lines, each once whatever number stands beside them."""
    words: dict[str, str] = {}
    for line in lines:
        text = single_line(clean(line.text))
        pattern = _NUMBER.sub("#", text.lower())
        if any(map(str.isalpha, pattern)):
            words.setdefault(pattern, text)
    return list(words.values())


def _at_one_height(pages: Sequence[Sequence[Line]]) -> set[tuple[int, Line]]:
    places: defaultdict[tuple[str, int], list[tuple[int, Line]]] = defaultdict(list)
    for number, page in enumerate(pages):
        for line in _outer(page):
            if len(words := _pattern(line)) <= LONGEST:
                places[words, round(line.top / HEIGHT)].append((number, line))
    found: set[tuple[int, Line]] = set()
    for words, height in list(places):
        # a height that lies between two steps is rounded to either
        near = sorted([*places[words, height], *places.get((words, height + 1), [])], key=lambda item: item[0])
        for run in _runs(near):
            if len({number for number, _ in run}) >= PAGES and (any(map(str.isalpha, words)) or _counts(run)):
                found.update(run)
    return found


def _wherever_pages_end(pages: Sequence[Sequence[Line]]) -> set[tuple[int, Line]]:
    found: set[tuple[int, Line]] = set()
    for outermost in (max, min):
        places: defaultdict[str, list[tuple[int, Line]]] = defaultdict(list)
        for number, page in enumerate(pages):
            if apart := list(_outer(page)):
                line = outermost(apart, key=lambda line: line.top)
                if len(words := _pattern(line)) <= LONGEST:
                    places[words].append((number, line))
        for lines in places.values():
            for run in _runs(lines):
                if len(run) >= PAGES and _counts(run):
                    found.update(run)
    return found


def _pattern(line: Line) -> str:
    return single_line(_NUMBER.sub("#", line.text.lower()))


def _outer(page: Sequence[Line]) -> Iterator[Line]:
    """The lines at the top and at the foot that white parts from the text within, which is the greater part."""
    ordered = sorted((line for line in page if line.top > line.bottom), key=lambda line: -line.top)
    room = sum(len(line.text) for line in ordered) / 2
    for lines in (ordered, ordered[::-1]):
        edge = lines[: OUTERMOST + 1]
        for place in range(min(OUTERMOST, len(edge) - 1), 0, -1):
            before, after = edge[place - 1], edge[place]
            white = max(before.bottom - after.top, after.bottom - before.top)
            short = sum(len(line.text) for line in edge[:place]) <= room
            if short and white >= WHITE * min(before.size, after.size):
                yield from edge[:place]
                break


def _runs(lines: Sequence[tuple[int, Line]]) -> Iterator[list[tuple[int, Line]]]:
    run: list[tuple[int, Line]] = []
    for item in lines:
        if run and item[0] - run[-1][0] > APART:
            yield run
            run = []
        run.append(item)
    yield run


def _counts(run: Sequence[tuple[int, Line]]) -> bool:
    """Whether a number grows as the pages do: then it is the pages' own, and no figure that stands in a column."""
    return any(
        _grows([page for page, _ in run], column)
        for column in zip(*(_NUMBER.findall(line.text) for _, line in run), strict=True)
    )


def _grows(pages: Sequence[int], numbers: Sequence[str]) -> bool:
    offsets = [_value(number) - page for page, number in zip(pages, numbers, strict=True)]
    return sum(before == after for before, after in pairwise(offsets)) >= (len(offsets) - 1) / 2


def _value(number: str) -> int:
    """Of digits or of a Roman numeral, of whose signs one counts against its larger successor."""
    if number.isdigit():
        return int(number)
    signs = [_ROMAN[sign] for sign in number.lower()]
    return sum(-sign if sign < after else sign for sign, after in zip(signs, [*signs[1:], 0], strict=True))
