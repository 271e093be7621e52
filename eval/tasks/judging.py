"""One output beside its question: the score from 0 to 1, None when the output could not be parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eval.samples import Question
from eval.scoring.choices import chosen
from eval.scoring.numbers import first_integer, last_integer, numeric
from eval.scoring.text import contains, exact_match, normalised, token_f1
from ingest.errors import UsageError


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is None for an unparsed output. `measures` are further metrics of the task."""

    score: float | None
    measures: Mapping[str, float] = field(default_factory=dict)


Judge = Callable[[Question, str], Judgement]


def exact(question: Question, text: str) -> Judgement:
    return Judgement(exact_match(text, question.answers))


def f1(question: Question, text: str) -> Judgement:
    return Judgement(token_f1(text, question.answers))


def containment(question: Question, text: str) -> Judgement:
    return Judgement(contains(text, question.answers))


def squad(question: Question, text: str) -> Judgement:
    """Exact match is the accuracy; F1 stands beside it. The empty output says that there is no answer."""
    exactly = exact_match(text, question.answers)
    return Judgement(exactly, {"exact": exactly, "f1": token_f1(text, question.answers)})


def choice(question: Question, text: str) -> Judgement:
    """The letter that is named. Raises `UsageError` for a question without choices."""
    if not question.choices:
        raise UsageError(f"The question {question.id!r} has no choices.", "Score this set with --task f1 or contains.")
    letter = chosen(text, question.choices)
    return Judgement(None if letter is None else float(letter == question.answer))


def number(question: Question, text: str) -> Judgement:
    """The quantity of the answer within one per cent, in the same unit where both have one."""
    scores = [numeric(text, answer) for answer in question.answers]
    return Judgement(None if None in scores else max((score for score in scores if score is not None), default=0.0))


def leading_integer(question: Question, text: str) -> Judgement:
    return _integer(question, first_integer(text))


def final_integer(question: Question, text: str) -> Judgement:
    return _integer(question, last_integer(text))


def topic(question: Question, text: str) -> Judgement:
    """The topic's name in the output, case, punctuation and articles aside.

    LongEval itself asked GPT-3.5 whether the two mean the same; this stand-in needs no model and is stricter with
    paraphrases.
    """
    return Judgement(float(any(normalised(answer) in normalised(text) for answer in question.answers)))


def _integer(question: Question, said: int | None) -> Judgement:
    return Judgement(None if said is None else float(any(said == int(answer) for answer in question.answers)))
