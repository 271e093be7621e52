"""Question sets corrected in a table."""

from __future__ import annotations

import pytest

from eval.question_sets import load
from eval.question_sets.editing import ANSWERABLE, EXPECTED, ID, QUESTION, as_csv, edited, rows_of
from eval.samples import Question
from ingest.errors import UsageError

QUESTIONS = (
    Question(
        "q1", 'What, "exactly"?', answers=("35 euros", "thirty-five"), source="a.pdf", pages=(2, 3), kind="number"
    ),
    Question("q2", "Which?", choices=("one", "two"), answer="B", part="train"),
    Question("q3", "Who?", answerable=False),
    Question("q4", "Where?", source="b.md", span=(10, 20)),
)


def test_a_table_that_was_not_changed_gives_the_same_questions():
    assert edited(QUESTIONS, rows_of(QUESTIONS)) == list(QUESTIONS)


def test_rows_are_changed_added_and_left_out():
    first, second, *_ = rows_of(QUESTIONS)
    first[EXPECTED] = "36 euros"
    second[EXPECTED] = "A"
    rows = [first, second, {QUESTION: "New?", EXPECTED: "x|y"}, {QUESTION: "Newer?", ANSWERABLE: False}]
    one, two, three, four = edited(QUESTIONS, rows)
    assert (one.answers, one.pages, one.kind) == (("36 euros",), (2, 3), "number")
    assert (two.answer, two.part) == ("A", "train")
    assert (three.answers, three.answerable) == (("x", "y"), True)
    assert not four.answerable
    assert len({each.id for each in (one, two, three, four)}) == 4


@pytest.mark.parametrize(
    ("row", "told"),
    [({QUESTION: " ", ID: "q1"}, "Row 1 has no question"), ({QUESTION: "What?", EXPECTED: None}, "no expected answer")],
)
def test_a_row_that_makes_no_question_is_told(row, told):
    with pytest.raises(UsageError, match=told):
        edited(QUESTIONS, [row])


def test_the_table_file_is_read_as_the_same_questions(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text(as_csv(QUESTIONS), encoding="utf-8")
    assert load(path).questions == QUESTIONS
