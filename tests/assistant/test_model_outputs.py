"""The forms in which models answer, good and bad ones: what is kept of each, and which passages each sentence names.

They are written down after what servers of instruction-tuned models send: markers behind and before the full stop, at
the front, in words, in lists, tables and code; markers of nothing, links, repetition, sentences that are cut off.
"""

from __future__ import annotations

import pytest

from assistant.answers import Passage
from assistant.citing import cited
from ingest.documents import Document

LEAVE = Document(
    "a" * 64,
    "Parental leave lasts 14 weeks. It is paid in full. The form is signed by the manager.\n\n"
    "- a wedding: two days\n- moving house: one day\n\n| Room | Seats |\n|---|---|\n| Elster | 12 |\n| Saale | 30 |\n\n"
    "```\ningest add docs\ningest list\n```\n",
    "leave.md",
)
TRAVEL = Document("b" * 64, "Trains are booked in second class. Flights need the consent of a director.", "travel.md")
DOCUMENTS = {each.id: each for each in (LEAVE, TRAVEL)}
PASSAGES = [
    Passage(number, each.id, each.source, 1, 0, len(each.text), each.text, 1.0)
    for number, each in enumerate(DOCUMENTS.values(), start=1)
]
GOOD = {
    "after the stop": ("Parental leave lasts 14 weeks. [1]", ["supported"], [[1]]),
    "before the stop": ("Parental leave lasts 14 weeks [1].", ["supported"], [[1]]),
    "joined": ("Parental leave lasts 14 weeks.[1]It is paid in full.[1]", ["supported"] * 2, [[1], [1]]),
    "two in one bracket": ("Parental leave lasts 14 weeks. [1, 2]", ["supported"], [[1, 2]]),
    "at the front": (
        "[1] Parental leave lasts 14 weeks. [2] Trains are booked in second class.",
        ["supported"] * 2,
        [[1], [2]],
    ),
    "in words": ("Trains are booked in second class [Passage 2].", ["supported"], [[2]]),
    "a list": (
        "Leave is granted for:\n\n1. a wedding: two days [1]\n2. moving house: one day [1]",
        ["not_found", "supported", "supported"],
        [[], [1], [1]],
    ),
    "a table": (
        "| Room | Seats |\n|---|---|\n| Elster | 12 | [1]\n| Saale | 30 | [1]",
        ["supported"] * 3,
        [[1], [1], [1]],
    ),
    "code": ("```\ningest add docs\ningest list\n```\n[1]", ["supported"], [[1]]),
    "emphasis": ("**Parental leave** lasts *14 weeks*. [1]", ["supported"], [[1]]),
    "quoted": ("The handbook says: “It is paid in full.” [1]", ["supported"], [[1]]),
    "reported": ("According to the handbook, parental leave lasts 14 weeks. [1]", ["supported"], [[1]]),
    "no marker": ("Flights need the consent of a director.", ["supported"], [[2]]),
}
BAD = {
    "another number": ("Parental leave lasts 41 weeks. [1]", ["partly"], 0),
    "another passage": ("Trains are booked in second class. [1]", ["partly"], 0),
    "no such passage": ("Parental leave lasts 14 weeks. [7]", ["supported"], 1),
    "invented": ("Pilots fly on Sundays. [1]", ["not_found"], 0),
    "denied": ("Flights do not need the consent of a director. [2]", ["partly"], 0),
    "a link": ("Parental leave lasts 14 weeks. [1](https://example.org)", ["supported", "not_found"], 0),
    "cut off": ("Parental leave lasts 14 weeks. [1] Trains are bo", ["supported", "not_found"], 0),
    "repeated": ("It is paid in full. [1] It is paid in full. [1]", ["supported", "supported"], 0),
    "a heading before": ("Answer:\n\nIt is paid in full. [1]", ["not_found", "supported"], 0),
}


def checked(text: str):
    found = cited(text, PASSAGES, DOCUMENTS)
    by_source = {each.source: each.text for each in DOCUMENTS.values()}
    for sentence in found.sentences:
        for citation in sentence.citations:
            if citation.verified:
                assert by_source[citation.source][citation.start : citation.end] == citation.quote
            else:
                assert citation.quote == ""
    return found


@pytest.mark.parametrize("form", GOOD)
def test_good_forms(form: str):
    text, supports, named = GOOD[form]
    found = checked(text)
    assert [sentence.support for sentence in found.sentences] == supports
    assert [[citation.passage for citation in sentence.citations] for sentence in found.sentences] == named
    assert found.dropped == 0


@pytest.mark.parametrize("form", BAD)
def test_bad_forms(form: str):
    text, supports, dropped = BAD[form]
    found = checked(text)
    assert [sentence.support for sentence in found.sentences] == supports
    assert found.dropped == dropped
    for sentence in found.sentences:
        assert bool(sentence.doubts) == (sentence.support != "supported")
