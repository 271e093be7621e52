"""How texts and questions become words of the keyword index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store.keyword_query import Term, any_of, telling, terms, words_and_pairs
from ingest.store.words import indexed, name_words

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain words, as they are", "plain words, as they are"),
        ("年假十五天", " 年假 假十 十五 五天 天 "),
        ("in 東京 today", "in  東京 京  today"),
        ("ＡＢＣ ﬁne ｶﾅ", "ABC fine  カナ ナ "),
        ("a\0b \ud800", "a b  "),
    ],
)
def test_unspaced_scripts_become_pairs(text, words):
    assert indexed(text) == words


@given(HAN, HAN, HAN)
def test_a_word_in_an_unspaced_text_has_only_pairs_of_that_text(before, word, after):
    held = indexed(before + word + after).split()
    for term in terms(word):
        assert any(other.startswith(term.word) if term.begins else other == term.word for other in held)


@given(st.text())
def test_what_is_indexed_can_be_stored_and_is_the_same_again(text):
    once = indexed(text)
    assert "\0" not in once
    once.encode()
    assert indexed(text) == once


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("/a/AnnualReport2023-final.pdf", "Annual Report 2023-final"),
        ("/a/leave_policy.v2.docx", "leave_policy.v 2"),
        ("C:/x/年假.txt", " 年假 假 "),
        ("/a/README", "README"),
        ("/a/\udcff.txt", " "),
    ],
)
def test_file_names_are_taken_apart(uri, words):
    assert name_words(uri) == words


def test_a_question_becomes_words_and_pairs():
    question = terms("What does the parental leave policy of 2024 cover?")
    assert any_of(telling(question)) == '"parental" OR "leave" OR "policy" OR "2024" OR "cover"'
    assert words_and_pairs(question) == (
        '"parental" OR "leave" OR "policy" OR "2024" OR "cover" OR '
        '"parental" OR "leave" OR "policy" OR "2024" OR "cover" OR '
        '"parental leave" OR "leave policy" OR "2024 cover"'
    )


def test_one_word_makes_no_pair():
    assert words_and_pairs(terms("the warranty")) == '"warranty"'


def test_stop_words_are_kept_when_there_is_nothing_else():
    assert any_of(telling(terms("to be or not to be"))) == '"to" OR "be" OR "or" OR "not"'


def test_common_words_go_unless_they_are_all_there_is():
    words = terms("invoice disputed")
    assert telling(words, [Term("invoice")]) == [Term("disputed")]
    assert telling(words, words) == words


def test_a_single_character_is_the_beginning_of_a_word():
    assert any_of(terms("假")) == '"假"*'
    assert any_of(terms("年假")) == '"年假"'
