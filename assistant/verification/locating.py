"""Where a passage says what a sentence says: in the same words, or in the sentences that share most of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.extraction.words import content_words
from assistant.verification.facts import facts
from assistant.verification.normalising import normalised
from assistant.verification.units import claim
from ingest.sentences import sentence_spans

LOCATED = 0.5  # share of a sentence's content words; one that shares less says something else
WINDOW = 3  # sentences in a row that may say together what one sentence says
LONGER = 0.03  # share that each further sentence of a window must bring
DIGIT = 2.0  # weight of a number or name among the words

_EDGES = " \n.!?,;:\"'()[]*_`-…"
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Place:
    """text[start:end] of a passage. `exact`: it is the sentence, under the normalisation of `normalising`; then
    `share`, of the sentence's content words that stand there, is 1."""

    start: int
    end: int
    share: float
    exact: bool


def locate(sentence: str, passage: str, least: float = LOCATED) -> Place | None:
    """The best place for a sentence in a passage, None when no stretch shares at least so much of it."""
    said = claim(sentence)
    return exactly(said, passage) or next(iter(nearest(said, passage, 1, least)), None)


def exactly(said: str, passage: str) -> Place | None:
    """Where the passage has these very words, whole words and whole numbers only."""
    wanted = normalised(said).text.strip(_EDGES)
    if not _WORD.search(wanted):
        return None
    held = normalised(passage)
    at = held.text.find(wanted)
    while at >= 0:
        if _stands_alone(held.text, at, at + len(wanted)):
            return Place(*held.source(at, at + len(wanted)), share=1.0, exact=True)
        at = held.text.find(wanted, at + 1)
    return None


def nearest(said: str, passage: str, count: int, least: float) -> list[Place]:
    """The places that share most words with a sentence, best first, none of them overlapping a better one."""
    wanted = frozenset(content_words(said))
    telling = facts(said)
    heavy = frozenset(content_words(" ".join([*telling.names, *(each.written for each in telling.quantities)])))
    total = len(wanted) + (DIGIT - 1) * len(wanted & heavy)
    if not total:
        return []
    found = []
    for start, end, held, size in _windows(passage):
        shared = wanted & held
        share = (len(shared) + (DIGIT - 1) * len(shared & heavy)) / total
        if share >= least:
            found.append((share - LONGER * size, start, end, share))
    chosen: list[Place] = []
    for _, start, end, share in sorted(found, reverse=True):
        if len(chosen) == count:
            break
        if all(end <= other.start or other.end <= start for other in chosen):
            chosen.append(Place(start, end, min(1.0, share), exact=False))
    return chosen


@lru_cache(maxsize=256)
def _windows(passage: str) -> list[tuple[int, int, frozenset[str], int]]:
    """Every sentence of a passage, and every two and three in a row, with their content words and how many follow."""
    spans = [(start, end) for start, end in sentence_spans(passage) if _WORD.search(passage, start, end)]
    words = [frozenset(content_words(passage[start:end])) for start, end in spans]
    return [window for size in range(WINDOW) for window in _of_size(spans, words, size)]


def _of_size(
    spans: Sequence[tuple[int, int]], words: Sequence[frozenset[str]], size: int
) -> Iterator[tuple[int, int, frozenset[str], int]]:
    for at in range(len(spans) - size):
        yield spans[at][0], spans[at + size][1], frozenset().union(*words[at : at + size + 1]), size


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a stretch begins and ends with whole words and numbers: "14" is not in "3.14", "-14" or "14,000"."""
    before, after = text[max(0, start - 2) : start].rjust(2), text[end : end + 2].ljust(2)
    if (before[1].isalnum() and text[start].isalnum()) or (after[0].isalnum() and text[end - 1].isalnum()):
        return False
    if text[start].isdigit():
        inside = before[1] in ".,:/" and before[0].isdigit()
        signed = before[1] in "$€£¥" or (before[1] == "-" and before[0].isspace())
        if inside or signed:
            return False
    return not (
        text[end - 1].isdigit() and (after.strip()[:1] in ("%", "°") or (after[0] in ".,:/" and after[1].isdigit()))
    )
