"""What is located, what is supported, and the doubts that are told: on sentences of which one can see what is right."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Passage
from assistant.citing import Cited, Verifier, cited
from assistant.verification.dates import dates
from assistant.verification.facts import facts
from assistant.verification.locating import exactly, locate
from assistant.verification.markers import unmarked
from assistant.verification.normalising import normalised
from assistant.verification.units import answer_spans, claim
from ingest.documents import Document, Heading
from ingest.embedders import open_embedder

TEXT = """Battery

The battery of the X200 is covered for 36 months from the date of purchase. Damage by water is not covered.

Claims are sent to the service centre in Rotterdam before 31 March 2027. The fee is $25 for each claim, or 5 %
of the price. Repairs take between 10 and 20 days; spare parts are kept for ten years."""
DOCUMENT = Document("d" * 64, TEXT, "warranty.pdf", headings=(Heading(1, "Battery", 0),))
PASSAGE = Passage(1, DOCUMENT.id, DOCUMENT.source, 1, 0, len(TEXT), TEXT, 1.0)


def check(answer: str, verifier: Verifier | None = None) -> Cited:
    found = (verifier or Verifier()).cited(answer, [PASSAGE], {DOCUMENT.id: DOCUMENT})
    for sentence in found.sentences:
        for citation in sentence.citations:
            if citation.verified:
                assert TEXT[citation.start : citation.end] == citation.quote
            else:
                assert (citation.page, citation.start, citation.end, citation.quote) == (0, 0, 0, "")
    return found


@pytest.mark.parametrize(
    "answer",
    [
        "The battery of the X200 is covered for 36 months from the date of purchase. [1]",
        "Damage by water is not covered [1].",
        "The battery is covered for 36 months. [1]",
        "Spare parts are kept for 10 years. [1]",
        "Repairs take 10 to 20 days. [1]",
        "Claims are sent to Rotterdam before March 31, 2027. [1]",
    ],
)
def test_what_stands_there_is_supported(answer: str):
    (sentence,) = check(answer).sentences
    assert (sentence.support, sentence.doubts) == ("supported", ())


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        ("The battery of the X200 is covered for 24 months from the date of purchase. [1]", "24"),
        ("The battery of the X200 is covered for 36 weeks from the date of purchase. [1]", "36 weeks"),
        ("The battery of the X300 is covered for 36 months from the date of purchase. [1]", "X300"),
        ("Claims are sent to the service centre in Antwerp before 31 March 2027. [1]", "Antwerp"),
        ("Claims are sent to the service centre in Rotterdam before 31 May 2027. [1]", "31 May 2027"),
        ("Claims are sent to the service centre in Rotterdam after 31 March 2027. [1]", "after"),
        ("Damage by water is covered. [1]", "not"),
        ("The battery of the X200 is not covered for 36 months from the date of purchase. [1]", "not"),
        ("The fee is €25 for each claim. [1]", "25"),
        ("The fee is $25 for each claim, or 15 % of the price. [1]", "15"),
    ],
)
def test_what_was_changed_is_told(answer: str, doubt: str):
    (sentence,) = check(answer).sentences
    assert sentence.support == "partly"
    assert doubt in " ".join(sentence.doubts)


def test_what_stands_nowhere_is_not_found():
    (sentence,) = check("Dogs may bark in the canteen on Sundays. [1]").sentences
    assert (sentence.support, sentence.doubts) == ("not_found", ("No passage says this.",))


def test_meaning_speaks_for_other_words():
    verifier = Verifier(open_embedder("minilm"))
    (sentence,) = check("The X200's battery has a warranty of 36 months after it was bought. [1]", verifier).sentences
    assert sentence.support in {"supported", "partly"}
    assert sentence.citations[0].verified


@given(st.data())
def test_a_stretch_of_whole_words_is_found_where_it_stands(data: st.DataObject):
    words = [match.span() for match in re.finditer(r"\S+(?: %)?", TEXT)]  # "5 %" is one: 5 alone is something else
    first = data.draw(st.integers(0, len(words) - 5))
    last = data.draw(st.integers(first + 4, min(first + 30, len(words) - 1)))
    quote = TEXT[words[first][0] : words[last][1]]
    place = exactly(quote, TEXT)
    assert place is not None
    assert normalised(TEXT[place.start : place.end]).text.strip(" .;,") == normalised(quote).text.strip(" .;,")


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("the office closes", "The  office\ncloses"),
        ("the ofﬁce", "the office"),
        ("co-operation of all", "the co-\noperation of all"),
        ("“quoted” words", 'the "quoted" words'),
        ("naïve", "naïve"),
        ("bold words", "some **bold** words"),
        ("a | b", "a b"),
    ],
)
def test_what_was_only_set_otherwise_is_the_same(said: str, source: str):
    place = exactly(said, source)
    assert place is not None
    assert place.exact


@pytest.mark.parametrize(
    ("said", "source"),
    [("14", "3.14"), ("14", "14,000"), ("14", "-14"), ("5", "5 %"), ("10²", "102"), ("art", "part"), ("", "x")],
)
def test_a_part_of_a_word_or_number_is_something_else(said: str, source: str):
    assert exactly(said, source) is None


@given(st.text(max_size=200), st.text(max_size=400))
def test_what_is_located_lies_in_the_passage(said: str, passage: str):
    place = locate(said, passage)
    assert place is None or 0 <= place.start < place.end <= len(passage)


@given(st.text(max_size=300))
def test_units_of_an_answer_are_ascending_and_lose_no_word(text: str):
    spans = answer_spans(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    left = "".join(
        text[a:b] for a, b in zip([0, *[e for _, e in spans]], [*[s for s, _ in spans], len(text)], strict=True)
    )
    assert not any(character.isalnum() for character in left)


def test_lists_tables_code_and_abbreviations_stay_whole():
    answer = (
        "Dr. Meier pays, e.g. for glasses.\n\n- first item\n- second item\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = a[0]\ny = 2\n```\nThe end."
    )
    units = [answer[start:end] for start, end in answer_spans(answer)]
    assert units[0] == "Dr. Meier pays, e.g. for glasses."
    assert any(unit.startswith("- second item") for unit in units)
    assert any(unit.startswith("```python") and unit.endswith("```") for unit in units)
    assert units[-1] == "The end."
    assert claim("- second item") == "second item"


def test_markers_in_every_form_are_read_and_code_keeps_its_brackets():
    text, marks = unmarked("One [1], two [2, 3]. Three [passage 4]. `a[0]` [2-4] and [sic].")
    assert [mark.numbers for mark in marks] == [(1,), (2, 3), (4,), (2, 3, 4)]
    assert text == "One, two. Three. `a[0]` and [sic]."


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("5 March 2020", "March 5, 2020", True),
        ("5 March 2020", "2020-03-05", True),
        ("5.3.2020", "5 March 2020", True),
        ("March 2020", "5 March 2020", True),
        ("5 March 2020", "March 2020", False),
        ("5 March 2020", "6 March 2020", False),
    ],
)
def test_dates_agree_however_they_are_written(one: str, other: str, agree: bool):
    (mine,), (theirs,) = dates(one), dates(other)
    assert mine.agrees(theirs) is agree


def test_facts_of_a_sentence():
    found = facts("Dr. Anna Meier did not pay twenty-five euros for 1.5 km in Berlin.")
    assert {quantity.unit for quantity in found.quantities} == {"€", "km"}
    assert found.negations == ("not",)
    assert any("Berlin" in name for name in found.names)


def test_markers_that_name_no_passage_are_counted():
    assert cited("Spare parts are kept for ten years. [1][9] [12]", [PASSAGE], {DOCUMENT.id: DOCUMENT}).dropped == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_entailment_model_gives_its_opinion(tmp_path):
    """Untrained: it loads, reads pairs, and what it doubts becomes doubtful. Its quality is not measured."""
    from assistant.verification.entailment import Entailment
    from tests.support.entailment import untrained_entailment

    entailment = Entailment(untrained_entailment(tmp_path))
    [probability] = entailment.probabilities([("Dogs bark.", "Dogs make a noise.")])
    assert 0 <= probability <= 1
    (sentence,) = check("Damage by water is not covered. [1]", Verifier(entailment=entailment)).sentences
    assert sentence.support == ("partly" if probability < 0.5 else "supported")
    assert bool(sentence.doubts) == (sentence.support == "partly")
