"""Statements: the stretches of a document that can be read on their own, found in and around the passages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.answers import Passage
from assistant.extraction.layout import Part, layout
from ingest.documents import Document
from ingest.sentences import sentence_spans

MARGIN = 800  # characters read on either side of a passage, so that what its border cuts is whole
WHOLE_LIST = 1200  # characters up to which a list, table or listing may be quoted as one
SHORT_LIST = 250  # up to which it is never quoted in part
LONG_ITEM = 400  # above which the sentences of an item are statements of their own
MOST_LEANT_ON = 2  # sentences that one may take along

# Words by which a sentence leans on the one before it: read alone, it does not say what it speaks of.
_LEANS = re.compile(
    r"(?:this|that|these|those|it(?! (?:is|was) (?:\w+ )?\w+ (?:to|that|for)\b)|its|they|their|them|he|she|his|her|"
    r"such|here|however|additionally|also|therefore|thus|then|otherwise|instead|moreover|furthermore|in addition|"
    r"as a result|for (?:example|instance)|likewise|on the other hand|finally|second(?:ly)?|third(?:ly)?|but|and|or|so|"
    r"yet|both|the (?:former|latter|same))\b",
    re.IGNORECASE,
)

Offsets = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Statement:
    """text[start:end] of a document.

    `lead` is what must be read before it (the lead-in of a list, the header of a table), `heading` is the title that
    it stands under ("" for none), `passage` the index of the best passage that holds it.
    """

    document_id: str
    start: int
    end: int
    passage: int
    lead: Offsets | None = None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """Parts of one kind in a row. `lead` stands directly before them."""

    parts: Sequence[Part]
    heading: str
    lead: Offsets | None

    @property
    def start(self) -> int:
        return self.lead[0] if self.lead else self.parts[0].start

    @property
    def end(self) -> int:
        return self.parts[-1].end


def statements(passages: Sequence[Passage], documents: Mapping[str, Document]) -> list[Statement]:
    """The statements of the passages, each once, in the order of the passages and of the text."""
    found: dict[tuple[str, Offsets], Statement] = {}
    for index, passage in enumerate(passages):
        document = documents[passage.document_id]
        for run in _runs(document.text, layout(document, *_surroundings(document.text, passage))):
            for start, end, lead in _spans(document.text, run):
                if _belongs(start, end, passage):
                    statement = Statement(document.id, start, end, index, lead, run.heading)
                    found.setdefault((document.id, (start, end)), statement)
    return list(found.values())


def _surroundings(text: str, passage: Passage) -> Offsets:
    """The lines within `MARGIN` of a passage, in whole."""
    end = text.find("\n", passage.end + MARGIN)
    return text.rfind("\n", 0, max(0, passage.start - MARGIN)) + 1, end if end >= 0 else len(text)


def _belongs(start: int, end: int, passage: Passage) -> bool:
    shared = min(end, passage.end) - max(start, passage.start)
    return shared >= min(end - start, passage.end - passage.start) / 2


def _runs(text: str, parts: Sequence[Part]) -> Iterator[_Run]:
    heading = ""
    lead: Offsets | None = None
    for kind, group in groupby(parts, key=lambda part: part.kind):
        run = list(group)
        if kind == "heading":
            heading = text[run[-1].start : run[-1].end].lstrip("# ")
            lead = (run[-1].start, run[-1].end)
        elif kind == "prose":
            yield _Run(run, heading, None)
            last = _sentences(text, run[-1:])[-1]
            lead = last if text[last[1] - 1] == ":" else None
        else:
            yield _Run(run, heading, lead)
            lead = None


def _spans(text: str, run: _Run) -> Iterator[tuple[int, int, Offsets | None]]:
    """What of a run can be quoted: start, end, and what must be read before it."""
    kind = run.parts[0].kind
    if kind == "prose":
        yield from ((start, end, None) for start, end in _standing(text, _sentences(text, run.parts)))
        return
    if run.end - run.start <= WHOLE_LIST:
        yield run.start, run.end, None
        if kind in ("code", "fact") or run.end - run.start <= SHORT_LIST:
            return
    rows = kind == "row"
    lead = (run.parts[0].start, run.parts[0].end) if rows else run.lead
    for part in run.parts[rows:]:
        if part.end - part.start <= LONG_ITEM:
            yield part.start, part.end, lead
        else:
            yield from ((start, end, lead) for start, end in _standing(text, _sentences(text, [part])))


def _sentences(text: str, parts: Sequence[Part]) -> list[Offsets]:
    return [
        (part.start + start, part.start + end)
        for part in parts
        for start, end in sentence_spans(text[part.start : part.end])
    ]


def _standing(text: str, sentences: Sequence[Offsets]) -> Iterator[Offsets]:
    """Sentences that can be read alone: one that leans on those before takes them along; lead-ins are left out."""
    for at, (_, end) in enumerate(sentences):
        if text[end - 1] == ":":
            continue
        first = at
        while first and at - first < MOST_LEANT_ON and _LEANS.match(text, sentences[first][0]):
            first -= 1
        yield sentences[first][0], end
