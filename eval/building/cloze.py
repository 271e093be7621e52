"""Questions from the text itself, without a model: a name, number or date taken out of its sentence.

Cloze questions are easier to find than a person's own, because they share the sentence's words.
They serve to compare settings with one another, not to say how good an answer a person will get.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.documents import Document
from ingest.sentences import sentence_spans

SHORTEST, LONGEST = 8, 40  # words of a sentence that makes a question
OFTEN = 5  # mentions
BLANK = "____"
ASKED = "What belongs into the gap: "
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_ANSWERS = (  # the first that is found is taken out
    ("date", re.compile(rf"\b(?:\d{{1,2}} (?:{MONTHS})(?: \d{{4}})?|(?:{MONTHS}) \d{{1,2}}(?:, \d{{4}})?)\b")),
    ("amount", re.compile(r"[$€£]\s?\d[\d,.]*\d|\b\d[\d,.]*\s?(?:%|percent|euros?|dollars?)(?!\w)")),
    (
        "number",
        re.compile(r"\b\d[\d,]*(?:\.\d+)?\b(?:\s(?:days?|weeks?|months?|years?|hours?|minutes?|pages?|km|kg))?"),
    ),
    ("name", re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+(?: (?:of |and )?[A-Z][a-z]+){1,3}\b")),
)
_LEANS = re.compile(
    r"^(?:it|they|this|these|that|those|he|she|such|however|therefore|also|for example)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Blank:
    """A sentence of the document with one answer taken out; offsets are of the sentence in `Document.text`."""

    question: str
    answer: str
    kind: str
    start: int
    end: int


def blanks(document: Document) -> Iterator[Blank]:
    """One for each sentence that can stand alone and holds a thing to ask for."""
    for start, end in sentence_spans(document.text):
        text = " ".join(document.text[start:end].split())
        if found := _answer(text) if stands_alone(text) else None:
            kind, left, right = found
            if kind == "name" and document.text.count(text[left:right]) > OFTEN:
                continue  # a name that the document is full of is no answer to look for
            asked = f"{text[:left]}{BLANK}{text[right:]}"
            yield Blank(f"{ASKED}{asked}", text[left:right], kind, start, end)


def stands_alone(text: str) -> bool:
    """Whether a sentence is whole, of a usual length, and does not lean on the one before."""
    whole = text[:1].isupper() and text[-1:] == "."
    return whole and SHORTEST <= len(text.split()) <= LONGEST and not _LEANS.match(text)


def _answer(text: str) -> tuple[str, int, int] | None:
    for kind, pattern in _ANSWERS:
        found = [match for match in pattern.finditer(text) if match.start() > 0 and text.count(match[0]) == 1]
        if found:
            last = found[-1]
            return kind, last.start(), last.end()
    return None
