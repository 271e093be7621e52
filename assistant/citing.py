"""From a model's words to sentences with places: `[n]` says where to look, the text of the passage says what is true.

A citation is located, character for character, or it is not verified. Sentences are looked for as they stand, white
space and case aside, and then by the words they share with the sentences of the passage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assistant.answers import Citation, Passage, Sentence, Support
from assistant.extraction.words import content_words
from ingest.documents import Document
from ingest.sentences import sentence_spans

# Shares of a sentence's content words that stand in what it cites. Chosen, not calibrated: a paraphrase changes one
# word in four, and a sentence that shares less than half of its words says something else.
SUPPORTED = 0.75
LOCATED = 0.5

_MARKER = re.compile(r"[ \t]*\[\s*(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*\]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_EDGES = " \t\n.!?,;:\"'“”‘’»«()"


@dataclass(frozen=True, slots=True)
class Cited:
    """A model's answer: `text` without markers, its sentences, and how many markers named no passage."""

    text: str
    sentences: tuple[Sentence, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """Passage numbers written at a place of the text without markers."""

    at: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    words: frozenset[str]
    share: float  # of the sentence's content words


def cite(document: Document, source: str, passage: int, start: int, end: int) -> Citation:
    """The citation of `document.text[start:end]`, which is its quote, character for character."""
    page = document.page_at(start)
    quote = document.text[start:end]
    return Citation(passage, source, page, document.label_of(page), start, end, quote, verified=True)


def cited(answer: str, passages: Sequence[Passage], documents: Mapping[str, Document]) -> Cited:
    """The sentences of a model's answer, each with the places in the documents that say so.

    A sentence that has no marker, or is not found where its markers point, is looked for in every passage.
    """
    known = {passage.number: passage for passage in passages}
    text, marks = _unmarked(answer)
    spans = sentence_spans(text)
    named: list[list[int]] = [[] for _ in spans]
    for mark in marks:
        owner = max((index for index, (start, _) in enumerate(spans) if start < mark.at), default=0)
        if spans:
            named[owner].extend(mark.numbers)
    dropped = sum(number not in known for mark in marks for number in mark.numbers)
    sentences = []
    for (start, end), numbers in zip(spans, named, strict=True):
        shown = [known[number] for number in dict.fromkeys(numbers) if number in known]
        sentences.append(_sentence(" ".join(text[start:end].split()), shown, passages, documents))
    return Cited(text, tuple(sentences), dropped)


def _unmarked(answer: str) -> tuple[str, list[_Mark]]:
    """The text without markers, and where they stood in it."""
    kept: list[str] = []
    marks: list[_Mark] = []
    end = length = 0
    for match in _MARKER.finditer(answer):
        kept.append(answer[end : match.start()])
        length += len(kept[-1])
        marks.append(_Mark(length, _numbers(match[1])))
        end = match.end()
    text = "".join([*kept, answer[end:]])
    indent = len(text) - len(text.lstrip())
    return text.strip(), [_Mark(mark.at - indent, mark.numbers) for mark in marks]


def _numbers(marked: str) -> tuple[int, ...]:
    """Of "1, 3" both; of "2-4" the two and what lies between."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", marked):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        numbers.extend(range(ends[0], min(ends[-1], ends[0] + 20) + 1) if len(ends) > 1 else ends)
    return tuple(numbers)


def _sentence(
    text: str, marked: Sequence[Passage], passages: Sequence[Passage], documents: Mapping[str, Document]
) -> Sentence:
    found: list[tuple[Passage, _Found | None]] = [(passage, _locate(text, passage)) for passage in marked]
    if not any(place for _, place in found):
        everywhere = [(passage, place) for passage in passages if (place := _locate(text, passage))]
        best = max(everywhere, key=lambda pair: pair[1].share, default=None)
        if best and best[1].share >= SUPPORTED:
            found.append(best)
    citations = tuple(_citation(passage, place, documents) for passage, place in found)
    return Sentence(text, citations, _support(text, [place for _, place in found if place]))


def _citation(passage: Passage, found: _Found | None, documents: Mapping[str, Document]) -> Citation:
    if found:
        return cite(documents[passage.document_id], passage.source, passage.number, found.start, found.end)
    place = (passage.source, passage.page, passage.label, passage.start, passage.start)
    return Citation(passage.number, *place, quote="", verified=False)


def _support(text: str, places: Sequence[_Found]) -> Support:
    """Every number of a supported sentence, and most of its words, stand in what it cites."""
    if not places:
        return "not_found"
    held = frozenset().union(*(place.words for place in places))
    numbers = _NUMBER.findall(text)
    whole = max(place.share for place in places) == 1 or _share(frozenset(content_words(text)), held) >= SUPPORTED
    return "supported" if whole and all(set(content_words(number)) <= held for number in numbers) else "partly"


def _locate(text: str, passage: Passage) -> _Found | None:
    """Where the passage says what a sentence says: in its words, or in the sentences that share most of them."""
    words = [re.escape(word) for word in text.strip(_EDGES).split()]
    if not words:
        return None
    wanted = frozenset(content_words(text))
    if match := re.search(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", passage.text, re.IGNORECASE):
        held = frozenset(content_words(match.group()))
        return _Found(passage.start + match.start(), passage.start + match.end(), held | wanted, 1.0)
    best: _Found | None = None
    for start, end, held in _worded(passage.text):
        share = _share(wanted, held)
        if share >= LOCATED and (best is None or share > best.share):
            best = _Found(passage.start + start, passage.start + end, held, share)
    return best


@lru_cache(maxsize=256)
def _worded(text: str) -> list[tuple[int, int, frozenset[str]]]:
    """The content words of every sentence of a passage, and of every two that follow each other."""
    spans = sentence_spans(text)
    words = [frozenset(content_words(text[start:end])) for start, end in spans]
    singles = [(start, end, held) for (start, end), held in zip(spans, words, strict=True)]
    return singles + [(first, last, one | two) for (first, _, one), (_, last, two) in pairwise(singles)]


def _share(wanted: frozenset[str], held: frozenset[str]) -> float:
    return len(wanted & held) / len(wanted) if wanted else 0.0
