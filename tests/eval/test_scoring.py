"""Metrics give what their formulas say, by hand-worked values and by what must hold for every input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.samples import Place, Question
from eval.scoring.choices import chosen
from eval.scoring.numbers import Quantity, first_integer, last_integer, numeric, quantities
from eval.scoring.retrieval import abstention, citation_precision, hit, ndcg, recall, reciprocal_rank, same_source
from eval.scoring.text import contains, exact_match, token_f1

QUESTION = Question("q", "Where?", source="Handbook.pdf", pages=(3, 5))


def page(number: int, source: str = "/docs/Handbook.pdf") -> Place:
    return Place(source, number, 0, 10)


def test_f1_by_hand():
    assert token_f1("the cat sat on a mat", ["A cat sat."]) == pytest.approx(2 * (2 / 4) * 1 / (2 / 4 + 1))
    assert token_f1("", []) == exact_match("!", []) == 1.0
    assert token_f1("word", []) == 0.0


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_exact_answers_have_f1_of_one_and_every_score_is_a_share(text, answers):
    assert 0.0 <= token_f1(text, answers) <= 1.0
    if exact_match(text, answers):
        assert token_f1(text, answers) == 1.0


def test_containment_takes_whole_words_only():
    assert contains("It lasts 14 weeks.", ["14 Weeks"]) == 1.0
    assert contains("It lasts 114 weeks.", ["14 weeks"]) == 0.0
    assert contains("Anything.", [""]) == 0.0


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"), ("(B)", "B"), (" B. Because", "B"), ("The answer is C", "C"), ("Answer: (D)", "D"),
        ("I think the right option is B", "B"), ("a red house", "A"), ("A house is what he saw, a blue one", None),
        ("none of them", None), ("E", None), ("", None), ("red house or blue boat", None),
    ],
)  # fmt: skip
def test_the_letter_that_an_answer_names(text, letter):
    assert chosen(text, ["red house", "blue boat", "green hill", "white wall"]) == letter


def test_integers():
    assert last_integer("line 4 is <2416>, I say 2417") == 2417
    assert first_integer("The pass key is 68142. 1") == 68142
    assert last_integer("none") is first_integer("") is None


@pytest.mark.parametrize(
    ("text", "answer", "score"),
    [
        ("$1.2 million in 2022", "1,200,000 USD", 1.0),
        ("about 1,205,000 dollars", "$1.2 million", 1.0),
        ("1.25 million", "1.2 million", 0.0),
        ("14 days", "14 weeks", 0.0),
        ("14", "14 weeks", 1.0),
        ("none", "14 weeks", None),
        ("−3.5 %", "-3.5 percent", 1.0),
        ("1 234 km", "1234 km", 1.0),
    ],
)
def test_quantities_with_units_and_tolerance(text, answer, score):
    assert numeric(text, answer) == score


def test_a_number_keeps_its_sign_scale_and_unit():
    assert quantities("from 5 k to -2.5%") == [Quantity(5000.0, ""), Quantity(-2.5, "%")]


def test_retrieval_by_hand():
    found = [page(1), page(5), page(5), page(3, "/other/Manual.pdf"), page(3)]
    assert [hit(found, QUESTION, k) for k in (1, 2)] == [0.0, 1.0]
    assert [recall(found, QUESTION, k) for k in (1, 4, 5)] == [0.0, 0.5, 1.0]
    assert reciprocal_rank(found, QUESTION) == 0.5
    best = 1 / math.log2(2) + 1 / math.log2(3)
    assert ndcg(found, QUESTION, 5) == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / best)
    assert citation_precision(found, QUESTION) == pytest.approx(3 / 5)
    with pytest.raises(ValueError, match="does not say where"):
        recall(found, Question("x", "?"), 1)


def test_a_source_is_named_by_the_end_of_its_path():
    assert same_source("/home/a/docs/Handbook.pdf", "docs/Handbook.pdf")
    assert same_source("/home/a/Warsaw.txt", "Warsaw")
    assert not same_source("/home/a/docs/Handbook.pdf", "book.pdf")
    assert not same_source("/home/a/docs/Handbook.pdf", "")


def test_abstention_by_hand():
    precision, recalled = abstention([True, True, False, False], [True, False, True, False])
    assert (precision, recalled) == (0.5, 0.5)
    assert math.isnan(abstention([True], [False])[0])
