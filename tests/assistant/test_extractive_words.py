"""Words, their rarity, and what kind of thing a question asks for."""

from math import isclose, log

import pytest

from assistant.extraction.expectations import expectation
from assistant.extraction.words import content_words, coverage, rarity, spellings, stem


@pytest.mark.parametrize(
    "words",
    [
        ("review", "reviews", "reviewed", "reviewing", "reviewer"),
        ("cover", "covers", "covered", "covering"),
        ("employ", "employs", "employed", "employment", "employer"),
        ("authorization", "authorizations"),
        ("policy", "policies"),
        ("survey", "surveys", "surveyed"),
    ],
)
def test_inflections_meet_in_one_stem(words):
    assert len({stem(word) for word in words}) == 1


@pytest.mark.parametrize(("one", "other"), [("plan", "planet"), ("contract", "contrast"), ("2023", "2024")])
def test_different_words_keep_apart(one, other):
    assert stem(one) != stem(other)


def test_content_words_leave_out_how_a_question_is_put():
    assert content_words("What does the employee's plan NOT cover?") == ["employe", "plan", "cover"]
    assert content_words("How much is it, please?") == []


def test_scripts_without_spaces_give_pairs_of_characters():
    assert content_words("休暇日数") == ["休暇", "暇日", "日数"]


def test_spellings_are_those_of_the_first_time():
    assert spellings("Reviews of reviewed Plans") == {"review": "Reviews", "plan": "Plans"}


def test_rarity_is_the_inverse_document_frequency():
    weights = rarity(["plan", "dental", "unheard"], [{"plan"}, {"plan", "dental"}, {"plan"}])
    assert isclose(weights["plan"], log(1 + 3.5 / 3.5))
    assert isclose(weights["dental"], log(1 + 3.5 / 1.5))
    assert isclose(weights["unheard"], log(1 + 3.5 / 0.5))


def test_coverage_is_a_share_by_weight():
    assert coverage({"plan": 1.0, "dental": 3.0}, {"dental"}) == 0.75
    assert coverage({}, {"dental"}) == 0.0


@pytest.mark.parametrize(
    ("question", "met", "not_met"),
    [
        ("How many members does the team have?", "The team has twelve members.", "The team has members abroad."),
        ("How much is the fee for late returns?", "Late returns cost $40.", "Late returns cost a fee."),
        ("When was the bridge opened?", "It was opened in May 1932.", "It was opened by the mayor."),
        (
            "Who discovered the comet?",
            "The comet was discovered by Carolyn Shoemaker.",
            "The comet was discovered at night.",
        ),
        ("Where is the archive?", "The archive is in Gera.", "The archive is well kept."),
        ("What is the premium of the plan?", "You pay 30 dollars.", "You pay each time."),
        ("Which year saw the flood?", "The flood came in 1954.", "The flood came suddenly."),
    ],
)
def test_a_sentence_meets_what_is_asked_for(question, met, not_met):
    asked = expectation(question)
    assert asked.met_by(met) == 1.0
    assert asked.met_by(not_met) == -1.0


def test_what_the_question_says_itself_answers_nothing():
    assert expectation("Who chose Ada Lovelace?").met_by("They chose Ada Lovelace.") == -1.0
    assert expectation("Who chose Ada Lovelace?").met_by("They chose Ada Lovelace and Mary Somerville.") == 1.0


@pytest.mark.parametrize("question", ["Why is the sky blue?", "What happens when the fee is late?", "Is it covered?"])
def test_other_questions_expect_nothing_that_can_be_told(question):
    assert expectation(question).met_by("In 1999 Ada paid $5 in Gera.") == 0.0
