"""Statements: the stretches of a document that can be read on their own, found in and around the passages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assistant.answers import Passage
from assistant.extraction.layout import Part, layout
from ingest.documents import Document
from ingest.sentences import sentence_spans

MARGIN = 800  # characters read on either side of a passage, so that what its border cuts is whole
WHOLE_LIST = 1200  # characters up to which a list, table or listing may be quoted as one
SHORT_LIST = 600  # up to which it is never quoted in part
LONG_ITEM = 400  # above which the sentences of an item are statements of their own
MOST_LEANT_ON = 2  # sentences that one may take along

# Words by which a sentence leans on the one before it: read alone, it does not say what it speaks of.
_POINTING = r"(?:this|that|these|those|such)"
_LEANS = re.compile(
    rf"(?:{_POINTING}|its|they|their|them|he|she|his|her|here|however|additionally|also|therefore|thus|then|otherwise|"
    r"instead|moreover|furthermore|in addition|as a result|for (?:example|instance)|likewise|on the other hand|finally|"
    r"second(?:ly)?|third(?:ly)?|but|and|or|so|yet|both|the (?:former|latter|same)|"
    r"it(?!(?:['’]s| is| was)(?: [\w-]+){1,4} (?:to|that|for|when|if)\b)|"  # "it is important to …" stands alone
    rf"(?:in|for|with|by|during|at|to|because of) {_POINTING}|(?:\w+ ){{0,3}}do (?:this|so))\b",
    re.IGNORECASE,
)
# A row of a table whose values carry the names of their columns, and which needs no header: "Plan: Basic | Price: $12".
_NAMED_ROW = re.compile(r"[^:|\n]{1,60}: [^|\n]+(?:\| [^:|\n]{1,60}: [^|\n]+)+")

Offsets = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Statement:
    """text[start:end] of a document.

    `lead` is what must be read before it (the lead-in of a list, the header of a table), `whole` the list or table that
    it is a part of, unless that is too long to be quoted; `heading` is the title that it stands under ("" for none),
    `passage` the index of the best passage that holds it.
    """

    document_id: str
    start: int
    end: int
    passage: int = 0
    lead: Offsets | None = None
    whole: Offsets | None = None
    heading: str = ""

    @property
    def place(self) -> tuple[str, Offsets]:
        return self.document_id, (self.start, self.end)


@dataclass(frozen=True, slots=True)
class _Run:
    """Parts of one kind in a row, prose apart from lists and tables. `lead` stands directly before them."""

    document: Document
    parts: Sequence[Part]
    heading: str
    lead: Offsets | None = None

    @property
    def span(self) -> Offsets:
        return (self.lead or (self.parts[0].start,))[0], self.parts[-1].end

    def statement(self, span: Offsets, lead: Offsets | None = None, whole: Offsets | None = None) -> Statement:
        return Statement(self.document.id, *span, lead=lead, whole=whole, heading=self.heading)


def statements(passages: Sequence[Passage], documents: Mapping[str, Document]) -> list[Statement]:
    """The statements of the passages, each once, in the order of the passages and of the text."""
    found: dict[tuple[str, Offsets], Statement] = {}
    for index, passage in enumerate(passages):
        document = documents[passage.document_id]
        for run in _runs(document, layout(document, *_surroundings(document.text, passage))):
            for statement in _quotable(run):
                if _belongs(statement, passage):
                    found.setdefault(statement.place, replace(statement, passage=index))
    return list(found.values())


def _surroundings(text: str, passage: Passage) -> Offsets:
    """The lines within `MARGIN` of a passage, in whole."""
    end = text.find("\n", passage.end + MARGIN)
    return text.rfind("\n", 0, max(0, passage.start - MARGIN)) + 1, end if end >= 0 else len(text)


def _belongs(statement: Statement, passage: Passage) -> bool:
    shared = min(statement.end, passage.end) - max(statement.start, passage.start)
    return shared >= min(statement.end - statement.start, passage.end - passage.start) / 2


def _runs(document: Document, parts: Sequence[Part]) -> Iterator[_Run]:
    text = document.text
    heading = ""
    lead: Offsets | None = None
    for kind, group in groupby(parts, key=lambda part: part.kind):
        run = list(group)
        if kind == "heading":
            lead = (run[-1].start, run[-1].end)
            heading = text[slice(*lead)].lstrip("# ")
        elif kind == "prose":
            yield _Run(document, run, heading)
            sentences = _sentences(text, run)
            last = len(sentences) - 1
            lead = (_beginning(text, sentences, last), sentences[last][1]) if text[run[-1].end - 1] == ":" else None
        else:
            yield _Run(document, run, heading, lead)
            lead = None


def _quotable(run: _Run) -> Iterator[Statement]:
    """What of a run can be quoted."""
    text = run.document.text
    kind = run.parts[0].kind
    length = run.span[1] - run.span[0]
    if kind == "prose":
        yield from (run.statement(span) for span in _standing(text, _sentences(text, run.parts)))
        return
    whole = run.span if length <= WHOLE_LIST else None
    if whole:
        yield run.statement(whole)
        if kind in ("code", "fact") or length <= SHORT_LIST:
            return
    header = 1 if kind == "row" and not _NAMED_ROW.fullmatch(text, run.parts[0].start, run.parts[0].end) else 0
    lead = (run.parts[0].start, run.parts[0].end) if header else run.lead
    for part in run.parts[header:]:
        short = part.end - part.start <= LONG_ITEM
        spans = [(part.start, part.end)] if short else _standing(text, _sentences(text, [part]))
        yield from (run.statement(span, lead, whole) for span in spans)


def _sentences(text: str, parts: Sequence[Part]) -> list[Offsets]:
    """The sentences of prose. Its lines are joined first, so that one that goes on after a page break is not cut."""
    return [
        (part.start + start, part.start + end)
        for part in parts
        for start, end in sentence_spans(text[part.start : part.end].replace("\n", " "))
    ]


def _standing(text: str, sentences: Sequence[Offsets]) -> Iterator[Offsets]:
    """Sentences that can be read alone: one that leans on those before takes them along; lead-ins are left out."""
    for at, (_, end) in enumerate(sentences):
        if text[end - 1] != ":":
            yield _beginning(text, sentences, at), end


def _beginning(text: str, sentences: Sequence[Offsets], at: int) -> int:
    """Where to begin to read, so that the sentence at this index is understood."""
    first = at
    while first and at - first < MOST_LEANT_ON and _LEANS.match(text, sentences[first][0]):
        first -= 1
    return sentences[first][0]
