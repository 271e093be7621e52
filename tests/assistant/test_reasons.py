"""Why a passage was chosen: its rank among those found, and the words of the question that stand in it."""

from assistant.answers import Passage
from assistant.reasons import Reason, reason_for


def passage(number: int, text: str, score: float) -> Passage:
    return Passage(number, "d", "badges.md", 1, 0, len(text), text, score)


FOUND = (
    passage(1, "A badge is worn there by all, and what does a LOST badge cost? 35 euros.", 1.2),
    passage(2, "The badge of a visitor is returned at the gate.", 0.7),
)


def test_the_rarest_words_of_the_question_come_first_and_short_ones_are_left_out():
    reason = reason_for(FOUND[0], "What does the badge of mine cost there when lost for 35 days?", FOUND)
    assert reason == Reason(1, 2, 1.2, ("cost", "lost", "35", "badge"))


def test_a_passage_that_shares_no_word_was_found_by_its_meaning():
    assert reason_for(FOUND[1], "Where do guests leave their cards?", FOUND) == Reason(2, 2, 0.7, ())
