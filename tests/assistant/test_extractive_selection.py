"""Which of the ranked candidates become the answer."""

from assistant.extraction.candidates import Candidate
from assistant.extraction.judging import Choice
from assistant.extraction.selection import MOST_SENTENCES, MOST_WORDS, NEAR, select
from assistant.extraction.statements import Statement


def choice(text, probability, start=0, document="d", whole=None) -> Choice:
    statement = Statement(document, start, start + len(text), whole=whole)
    return Choice(Candidate(statement, text, frozenset(text.split()), frozenset(text.split())), probability)


def texts(chosen) -> list[str]:
    return [each.candidate.text for each in chosen]


def test_only_what_is_nearly_as_likely_as_the_best_is_taken():
    best = choice("alpha beta", 0.5)
    near = choice("gamma delta", 0.5 * NEAR, 100)
    far = choice("epsilon zeta", 0.49 * NEAR, 200)
    assert texts(select([[best, near, far]])) == ["alpha beta", "gamma delta"]


def test_the_best_document_comes_first_and_each_in_the_order_of_its_text():
    ranking = [choice("one", 0.3, 500, "b"), choice("two", 0.25, 10, "a"), choice("three", 0.2, 100, "b")]
    assert texts(select([ranking])) == ["three", "one", "two"]


def test_what_says_the_same_is_said_once():
    ranking = [
        choice("plan covers dental care fully", 0.4, 0, "plus"),
        choice("plan covers dental care partly", 0.35, 0, "standard"),
        choice("plan excludes glasses", 0.2, 90, "plus"),
    ]
    assert texts(select([ranking])) == ["plan covers dental care fully", "plan excludes glasses"]


def test_overlapping_stretches_are_not_quoted_twice():
    ranking = [choice("They are agreed with the manager", 0.4, 30), choice("Thirty days. They are agreed", 0.35, 10)]
    assert texts(select([ranking])) == ["They are agreed with the manager"]


def test_there_is_an_end_to_sentences_and_to_words():
    many = [choice(f"word{number}", 0.1, number * 50) for number in range(9)]
    assert len(select([many])) == MOST_SENTENCES
    long = [
        choice(" ".join(f"{letter}{at}" for at in range(MOST_WORDS // 2 + 1)), 0.3, 9999 * at)
        for at, letter in enumerate("abc")
    ]
    assert len(select([long])) == 1
    assert len(select([[*long, choice("short", 0.2, 99_999)]])) == 2


def test_every_part_of_the_question_has_its_best_sentence():
    first = [choice(f"first{number}", 0.2, number * 50) for number in range(5)]
    second = [choice("second", 0.9, 900), *first]
    assert texts(select([first, second])) == ["first0", "first1", "first2", "second"]


def test_two_items_of_a_list_bring_the_list():
    whole = choice("Covered: gym yoga", 0.05, 0, whole=None)
    span = (0, whole.candidate.statement.end)
    items = [choice("gym", 0.4, 9, whole=span), choice("yoga", 0.3, 13, whole=span)]
    assert texts(select([[items[0], whole]])) == ["gym"]
    assert texts(select([[*items, whole]])) == ["Covered: gym yoga"]


def test_the_list_takes_the_place_of_all_that_it_holds():
    whole = choice("Criteria apply. These are: age income", 0.05, 0)
    span = (0, whole.candidate.statement.end)
    items = [choice("age", 0.35, 27, whole=span), choice("income", 0.3, 31, whole=span)]
    assert texts(select([[choice("Criteria apply.", 0.4, 0), *items, whole]])) == [
        "Criteria apply. These are: age income"
    ]


def test_items_of_a_list_that_no_passage_holds_are_quoted_one_by_one():
    span = (0, 1100)
    items = [choice("gym", 0.4, 900, whole=span), choice("yoga", 0.3, 950, whole=span)]
    assert texts(select([items])) == ["gym", "yoga"]
