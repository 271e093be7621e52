"""From a model's words to sentences with places: `[n]` says where to look, the text of the passage says what is true.

A citation is located, character for character, or it is not verified (`assistant.verification`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from assistant.answers import Citation, Passage, Sentence
from assistant.verification.judging import AGREEMENT, SUPPORTED, Source, judge
from assistant.verification.locating import LOCATED, Place, locate
from assistant.verification.markers import Mark, unmarked
from assistant.verification.units import Offsets, answer_spans, claim, shown
from ingest.documents import Document

if TYPE_CHECKING:
    from assistant.verification.entailment import Entailment
    from ingest.protocols import Embedder

LIKELY = 0.3  # share of words from which a place is worth comparing by its meaning
BEFORE = 40  # characters before a quotation in which a denial of it may stand


@dataclass(frozen=True, slots=True)
class Cited:
    """A model's answer: `text` without markers, its sentences, and how many markers named no passage."""

    text: str
    sentences: tuple[Sentence, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A place in a passage. `agreement`: cosine of its text and the sentence, where that was computed."""

    passage: Passage
    place: Place
    agreement: float | None = None


@dataclass(slots=True)
class _Draft:
    """A unit of the answer, the passages that its markers name, and the places that were found for it there."""

    text: str
    marked: Sequence[Passage]
    found: list[_Found] = field(default_factory=list)


def cite(document: Document, source: str, passage: int, start: int, end: int) -> Citation:
    """The citation of `document.text[start:end]`, which is its quote, character for character."""
    page = document.page_at(start)
    quote = document.text[start:end]
    return Citation(passage, source, page, document.label_of(page), start, end, quote, verified=True)


def cited(answer: str, passages: Sequence[Passage], documents: Mapping[str, Document]) -> Cited:
    """The sentences of a model's answer, checked without any model. See `Verifier.cited`."""
    return Verifier().cited(answer, passages, documents)


class Verifier:
    """Looks for every sentence of an answer in the documents.

    `embedder` compares meanings where words differ; `entailment` gives a second opinion on what is not a quotation.
    """

    def __init__(self, embedder: Embedder | None = None, entailment: Entailment | None = None) -> None:
        self._embedder = embedder
        self._entailment = entailment

    def cited(self, answer: str, passages: Sequence[Passage], documents: Mapping[str, Document]) -> Cited:
        """The sentences of an answer, each with the places in the documents that say so.

        A sentence that has no marker, or is not found where its markers point, is looked for in every passage.
        Passages whose document is not among `documents` hold nothing.
        """
        known = {passage.number: passage for passage in passages}
        text, marks = unmarked(answer)
        spans = answer_spans(text)
        dropped = sum(number not in known for mark in marks for number in mark.numbers)
        drafts = [
            _Draft(text[start:end], [known[number] for number in dict.fromkeys(named) if number in known])
            for (start, end), named in zip(spans, _owned(marks, spans), strict=True)
        ]
        held = {passage.number: passage for passage in passages if passage.document_id in documents}
        for draft in drafts:
            _search(draft, held, LIKELY if self._embedder else LOCATED)
        self._compare(drafts)
        sentences = [_sentence(draft, documents) for draft in drafts]
        return Cited(text, tuple(self._second_opinion(sentences)), dropped)

    def _compare(self, drafts: Sequence[_Draft]) -> None:
        """Meanings, in one batch, of sentences that share too few words with what was found; far ones are let go."""
        open_ones = [(draft, found) for draft in drafts for found in draft.found if found.place.share < SUPPORTED]
        if self._embedder and open_ones:
            texts = [each for draft, found in open_ones for each in (claim(draft.text), _text(found))]
            vectors = self._embedder.embed_documents(texts)
            cosines = (vectors[::2] * vectors[1::2]).sum(axis=1).tolist()
            for (draft, found), cosine in zip(open_ones, cosines, strict=True):
                draft.found[draft.found.index(found)] = replace(found, agreement=cosine)
        for draft in drafts:
            draft.found = [
                found for found in draft.found if found.place.share >= LOCATED or (found.agreement or 0) >= AGREEMENT
            ]

    def _second_opinion(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        if self._entailment is None:
            return list(sentences)
        from assistant.verification.entailment import ENTAILS

        asked = [at for at, sentence in enumerate(sentences) if sentence.support == "supported"]
        pairs = [(" ".join(each.quote for each in sentences[at].citations), sentences[at].text) for at in asked]
        checked = list(sentences)
        for at, probability in zip(asked, self._entailment.probabilities(pairs), strict=True):
            if probability < ENTAILS:
                doubt = f"The entailment model gives {probability:.0%} to that it follows from the source."
                checked[at] = replace(checked[at], support="partly", doubts=(doubt,))
        return checked


def _owned(marks: Sequence[Mark], spans: Sequence[Offsets]) -> list[list[int]]:
    """The numbers that belong to each unit: markers follow what they prove, or stand before it throughout."""
    named: list[list[int]] = [[] for _ in spans]
    if not spans:
        return named
    before = bool(marks) and marks[0].at == 0 and marks[-1].at <= spans[-1][0]
    for mark in marks:
        begun = [at for at, (start, _) in enumerate(spans) if (start <= mark.at + 1 if before else start < mark.at)]
        named[max(begun, default=0)].extend(mark.numbers)
    return named


def _search(draft: _Draft, held: Mapping[int, Passage], least: float) -> None:
    """First where the markers point, then everywhere. What stands elsewhere word for word was not taken from a passage
    that is merely like it."""
    marked = [passage for passage in draft.marked if passage.number in held]
    draft.found = _places(draft.text, marked, least)
    if not any(found.place.exact for found in draft.found):
        everywhere = _places(draft.text, list(held.values()), SUPPORTED)
        best = max(everywhere, key=lambda found: (found.place.exact, found.place.share), default=None)
        if best and (best.place.exact or not draft.found):
            draft.found = [best]


def _places(text: str, passages: Sequence[Passage], least: float) -> list[_Found]:
    return [_Found(passage, place) for passage in passages if (place := locate(text, passage.text, least))]


def _sentence(draft: _Draft, documents: Mapping[str, Document]) -> Sentence:
    sources = [_source(found, documents[found.passage.document_id]) for found in draft.found]
    agreements = [found.agreement for found in draft.found if found.agreement is not None]
    support, doubts = judge(draft.text, sources, max(agreements, default=None))
    numbers = {found.passage.number for found in draft.found}
    missed = [passage for passage in draft.marked if passage.number not in numbers]
    if draft.found and len(missed) == len(draft.marked) > 0:
        named = ", ".join(str(passage.number) for passage in missed)
        place = draft.found[0].passage.number
        support, doubts = "partly", (f"It stands in passage {place}, not in {named}, which the model named.", *doubts)
    located = {
        found.passage.number: cite(
            documents[found.passage.document_id],
            found.passage.source,
            found.passage.number,
            found.passage.start + found.place.start,
            found.passage.start + found.place.end,
        )
        for found in draft.found
    }
    citations = [located.get(passage.number) or _not_found(passage) for passage in draft.marked]
    citations += [
        citation for number, citation in located.items() if number not in {each.number for each in draft.marked}
    ]
    return Sentence(shown(draft.text), tuple(citations), support, doubts)


def _not_found(passage: Passage) -> Citation:
    return Citation(passage.number, passage.source, 0, "", 0, 0, quote="", verified=False)


def _source(found: _Found, document: Document) -> Source:
    start = found.passage.start + found.place.start
    sentence = document.text[max(0, start - BEFORE) : start]
    before = sentence[max(sentence.rfind(mark) for mark in ".!?:;\n") + 1 :]
    return Source(_text(found), _context(document, found.passage.source, start), found.place.exact, before)


def _text(found: _Found) -> str:
    return found.passage.text[found.place.start : found.place.end]


def _context(document: Document, source: str, start: int) -> str:
    """What names the things that a stretch of a document speaks of: file, title, and the headings above it."""
    path: dict[int, str] = {}
    for heading in document.headings:
        if heading.start > start:
            break
        path = {level: title for level, title in path.items() if level < heading.level} | {heading.level: heading.title}
    return " · ".join([PurePath(source).stem.replace("_", " "), document.title, *path.values()])
