"""What the small Falcon learns from: every answer can be read off its prompt, and the marks say where."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.copying_lessons import Teacher, tokenizer_texts
from tests.support.invented_facts import invent_facts, invent_lookup
from tests.support.small_tokenizer import ASSISTANT, END, PROMPTER, SPECIAL, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(tokenizer_texts(0, 200), 800)


def test_facts_are_told_apart_by_their_places():
    facts = invent_facts(Random(1), 200)
    assert len({fact.place.split()[0] for fact in facts}) == 200


@pytest.mark.parametrize("seed", range(5))
def test_every_statement_stands_in_the_passage_that_is_named(seed):
    lookup = invent_lookup(Random(seed), 20)
    passages = {passage.number: passage.text for passage in lookup.passages}
    assert len(lookup.where) == 20
    for fact, number in lookup.where.items():
        assert fact.statement in passages[number]
        assert lookup.answer(fact) == f"{fact.statement} [{number}]"
        assert lookup.prompt(fact).endswith(f"\n\nQuestion: {fact.question}\nAnswer:")


def test_the_prompt_is_that_of_kestrel():
    from assistant.prompts import INSTRUCTIONS

    lookup = invent_lookup(Random(2), 3)
    assert lookup.prompt(next(iter(lookup.where))).startswith(INSTRUCTIONS)


def test_special_tokens_have_the_ids_of_falcon(tokenizer):
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == list(range(17))
    assert tokenizer.token_to_id(END) == 11
    assert tokenizer.encode(f"a{END}{ASSISTANT}").ids[-2:] == [11, 13]


def test_a_tokenizer_repeats_and_encodes_anything(tokenizer):
    again = train_tokenizer(tokenizer_texts(0, 200), 800)
    assert again.to_str() == tokenizer.to_str()
    text = "Ærø 東京 🗼\t\x07 48213\n\n"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def conversation(tokenizer, seed, length=700):
    """A lesson about facts: its text, and its teacher's marks."""
    teacher = Teacher(tokenizer, seed)
    while (lesson := teacher.lesson(length)).passage[0] == -1:
        pass
    return lesson


@pytest.mark.parametrize("seed", range(4))
def test_answers_are_learnt_and_nothing_else(tokenizer, seed):
    lesson = conversation(tokenizer, seed)
    answers, current = [], []
    for token, learnt in zip(lesson.tokens, lesson.learnt, strict=True):
        if learnt:
            current.append(token)
            if token == tokenizer.token_to_id(END):
                answers.append(tokenizer.decode(current))
                current = []
    text = tokenizer.decode(lesson.tokens, skip_special_tokens=False)
    context = text.partition(END)[0]
    assert answers
    for answer in answers:
        statement = answer.rpartition(" [")[0]
        assert statement in context
    assert text.startswith(PROMPTER)


def test_the_marks_tell_each_token_its_passage(tokenizer):
    lesson = conversation(tokenizer, 0)
    by_passage = {}
    for token, number in zip(lesson.tokens, lesson.passage, strict=True):
        by_passage.setdefault(number, []).append(token)
    for number, tokens in by_passage.items():
        text = tokenizer.decode(tokens, skip_special_tokens=False)
        assert text.startswith(f"[{number}] ") == (number > 0)
    assert "Question:" in tokenizer.decode(by_passage[0])


def test_random_runs_come_twice(tokenizer):
    teacher = Teacher(tokenizer, 3)
    while (lesson := teacher.lesson(200)).passage[0] != -1:
        pass
    assert 0.1 < sum(lesson.learnt) / len(lesson.learnt) < 0.5
    for place, learnt in enumerate(lesson.learnt):
        if learnt:
            three = lesson.tokens[place - 2 : place + 1]
            assert any(lesson.tokens[start : start + 3] == three for start in range(place - 2))


def test_lessons_repeat_with_their_seed(tokenizer):
    assert Teacher(tokenizer, 5).lesson(300) == Teacher(tokenizer, 5).lesson(300)
    assert Teacher(tokenizer, 5).lesson(300) != Teacher(tokenizer, 6).lesson(300)
