"""Citing: `[n]` says where to look, and only what stands there counts."""

from __future__ import annotations

import pytest

from assistant.answers import Passage
from assistant.citing import Cited, cited
from ingest.documents import Document

HANDBOOK = Document(
    "h" * 64,
    "Opening hours\n\nThe office opens at eight and closes at six.\nVisitors sign in at the desk.\n\n"
    "Parental leave lasts 14\n weeks. It is paid in full. The manager signs the form.",
    "handbook.pdf",
    pages=(0, 80),
    labels=("i", "ii"),
)
TRAVEL = Document("t" * 64, "Trains are booked in second class. Flights need the consent of a director.", "travel.md")
DOCUMENTS = {HANDBOOK.id: HANDBOOK, TRAVEL.id: TRAVEL}


def passage(number: int, document: Document, start: int = 0) -> Passage:
    page = document.page_at(start)
    text = document.text[start:]
    return Passage(
        number, document.id, document.source, page, start, start + len(text), text, 0.5, document.label_of(page)
    )


PASSAGES = (passage(1, HANDBOOK), passage(2, TRAVEL))


def answer(text: str) -> Cited:
    found = cited(text, PASSAGES, DOCUMENTS)
    for sentence in found.sentences:
        for citation in sentence.citations:
            document = HANDBOOK if citation.source == "handbook.pdf" else TRAVEL
            assert document.text[citation.start : citation.end] == citation.quote
            assert citation.verified == bool(citation.quote)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "The office opens at eight and closes at six. [1]",
        "The office opens at eight and closes at six [1].",
        "The office opens at eight and closes at six.[1]",
        "  the Office opens  at eight\nand closes at six. [ 1 ]",
    ],
)
def test_a_sentence_is_found_where_it_stands(text: str) -> None:
    (sentence,) = answer(text).sentences
    (citation,) = sentence.citations
    assert "[" not in sentence.text
    assert citation.quote == "The office opens at eight and closes at six"
    assert (citation.passage, citation.page, citation.label, sentence.support) == (1, 1, "i", "supported")


def test_line_breaks_of_the_source_do_not_hide_it() -> None:
    (sentence,) = answer("Parental leave lasts 14 weeks. [1]").sentences
    assert sentence.citations[0].quote == "Parental leave lasts 14\n weeks"
    assert (sentence.citations[0].page, sentence.citations[0].label) == (2, "ii")


def test_a_paraphrase_is_located_by_the_words_it_shares() -> None:
    (sentence,) = answer("A flight needs a director's consent. [2]").sentences
    assert sentence.citations[0].quote == "Flights need the consent of a director."
    assert sentence.support == "supported"


def test_a_wrong_number_is_not_supported() -> None:
    (sentence,) = answer("Parental leave lasts 16 weeks. [1]").sentences
    assert sentence.support == "partly"
    assert sentence.citations[0].verified


def test_what_no_passage_says_is_not_found() -> None:
    found = answer("Dogs may bark in the canteen. [2]")
    (citation,) = found.sentences[0].citations
    assert (found.sentences[0].support, citation.verified, citation.quote) == ("not_found", False, "")


def test_markers_that_name_no_passage_are_dropped_and_counted() -> None:
    found = answer("Trains are booked in second class. [2][7] The moon is far. [12]")
    assert found.dropped == 2
    assert found.text == "Trains are booked in second class. The moon is far."
    assert [len(sentence.citations) for sentence in found.sentences] == [1, 0]
    assert [sentence.support for sentence in found.sentences] == ["supported", "not_found"]


def test_each_sentence_keeps_its_own_markers() -> None:
    found = answer(
        "The office opens at eight and closes at six. [1] Trains are booked in second class. [2]\n\nMore? [1, 2]"
    )
    assert [[citation.passage for citation in sentence.citations] for sentence in found.sentences] == [[1], [2], [1, 2]]


def test_a_range_of_markers_names_all_of_them() -> None:
    (sentence,) = answer("Trains are booked in second class. [1-2]").sentences
    assert [citation.passage for citation in sentence.citations] == [1, 2]
    assert [citation.verified for citation in sentence.citations] == [False, True]
    assert sentence.support == "supported"


def test_a_sentence_without_a_marker_is_looked_for_everywhere() -> None:
    found = answer("Flights need the consent of a director. Nobody knows why.")
    assert [[citation.source for citation in sentence.citations] for sentence in found.sentences] == [["travel.md"], []]


def test_a_wrong_marker_is_told_from_the_right_place() -> None:
    (sentence,) = answer("Flights need the consent of a director. [1]").sentences
    assert [(citation.passage, citation.verified) for citation in sentence.citations] == [(1, False), (2, True)]
    assert sentence.support == "partly"
    assert sentence.doubts == ("It stands in passage 2, not in 1, which the model named.",)


def test_brackets_that_are_no_markers_stay() -> None:
    assert answer("See [sic] and array[i]. [2]").text == "See [sic] and array[i]."


@pytest.mark.parametrize("text", ["", "[1]", " [3] [4] ", "..."])
def test_nothing_to_cite(text: str) -> None:
    assert not [citation for sentence in answer(text).sentences for citation in sentence.citations if citation.verified]
