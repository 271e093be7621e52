"""Question sets are read as they are meant, refused with the place of the fault, and written back the same."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.question_sets import load
from eval.question_sets.files import Contents
from eval.question_sets.jsonl import read, written
from eval.samples import LETTERS, Question
from ingest.errors import UsageError

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text
)


@st.composite
def questions(draw) -> Question:
    choices = tuple(draw(st.lists(words, min_size=2, max_size=5, unique=True))) if draw(st.booleans()) else ()
    start = draw(st.integers(0, 9))
    return Question(
        id=draw(words),
        question=draw(words),
        answers=() if choices else tuple(draw(st.lists(words, max_size=3))),
        choices=choices,
        answer=draw(st.sampled_from(LETTERS[: len(choices)])) if choices else "",
        source=draw(words),
        pages=tuple(draw(st.lists(st.integers(1, 99), max_size=3))),
        span=draw(st.sampled_from([None, (start, start + 5)])),
        answerable=draw(st.booleans()),
        kind=draw(words),
        part=draw(st.sampled_from(["train", "test"])),
    )


@given(st.lists(questions().filter(lambda each: each.answer not in each.choices), min_size=1, max_size=5))
def test_what_is_written_is_read_the_same(asked):
    assert list(read(Contents("set.jsonl", written(asked), ""))) == asked


def test_the_hash_is_of_the_file_and_another_one_is_refused(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": "Where?"}\n', encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load(path, sha256=digest.upper()).sha256 == digest
    with pytest.raises(UsageError, match=f"has the sha256 {digest}, and 00 was asked for"):
        load(path, sha256="00")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "Where?"}\n{"question": ""}', "record 2: no question"),
        ('{"question": "Where?"}\nnonsense', "line 2: not JSON"),
        ('{"question": "Where?", "colour": "red"}', "unknown colour"),
        ('{"question": "Which?", "choices": ["a dog", "a cat"], "answer": "E"}', "'E' is none of 2 choices"),
        ('{"question": "Where?", "page": 0}', "page 0"),
        ('{"question": "Where?", "span": [5, 2]}', "span"),
        ('{"id": "x", "question": "Where?"}\n{"id": "x", "question": "When?"}', "two questions with the id 'x'"),
        ("[]", "no question set that Kestrel knows"),
        ('{"a": 1}', "fields a"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path, text, message):
    path = tmp_path / "set.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load(path)


def test_a_table_is_read(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text(
        "Question;Answers;Source;Page;Answerable;Owner\n"
        "How long?;14 weeks|fourteen weeks;leave.pdf;3;yes;Ann\nWho?;;;;no;Bob\n",
        encoding="utf-8",
    )
    first, second = load(path).questions
    assert (first.answers, first.source, first.pages) == (("14 weeks", "fourteen weeks"), "leave.pdf", (3,))
    assert (first.answerable, second.answerable, second.answers) == (True, False, ())


def test_quality_is_read(tmp_path):
    path = tmp_path / "quality.jsonl"
    asked = {"question": "Why?", "options": ["so", "or so", "not", "no"], "gold_label": 2, "difficult": 1}
    path.write_text(json.dumps({"article_id": "7", "article": "Text.", "questions": [asked]}), encoding="utf-8")
    (question,) = load(path).questions
    assert (question.answer, question.kind, question.context, question.id) == ("B", "hard", "Text.", "7-1")


def test_sets_of_others_are_recognised(shared_data):
    northwind = load(shared_data / "northwind_hr" / "questions.jsonl").questions
    assert len(northwind) == 50
    assert (northwind[0].source, northwind[0].pages) == ("Northwind_Standard_Benefits_Details.pdf", (7,))
    squad = load(shared_data / "squad2" / "squad2-articles.json.gz").questions
    assert len(squad) == 2943
    assert 0.4 < sum(question.answerable for question in squad) / len(squad) < 0.6
    quality = load(shared_data / "leval" / "closed" / "quality.jsonl.gz").questions
    assert len(quality) == 202
    assert all(len(question.choices) == 4 and question.answer in "ABCD" for question in quality)
