"""Questions that the documents do not answer, made from those that they do: one name is put in another's place."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from eval.building.cloze import ASKED, BLANK
from eval.samples import Question

_NAME = re.compile(r"\b[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*\b")


def unanswerable(questions: Sequence[Question], texts: Sequence[str], wanted: int, seed: int) -> list[Question]:
    """At most so many. The new name comes from another document, and stands in no sentence with the words around the
    gap; whether the altered question really has no answer is for the review to say.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated, not a secret
    known = " ".join(" ".join(text.split()) for text in texts)
    candidates = [question for question in questions if question.question.startswith(ASKED)]
    chance.shuffle(candidates)
    made: list[Question] = []
    for question in candidates:
        if len(made) == wanted:
            break
        others = [other for other in candidates if other.source != question.source]
        if altered := _altered(question, others, known, chance):
            made.append(altered)
    return made


def _altered(question: Question, others: Sequence[Question], known: str, chance: random.Random) -> Question | None:
    sentence = question.question.removeprefix(ASKED)
    names = [name for name in _NAME.findall(sentence) if not sentence.startswith(name)]
    foreign = sorted({name for other in others for name in _NAME.findall(other.question.removeprefix(ASKED)[1:])})
    foreign = [name for name in foreign if name not in sentence and name not in names]
    if not names or not foreign:
        return None
    new = chance.choice(foreign)
    asked = sentence.replace(names[-1], new)
    before, _, after = asked.partition(BLANK)
    if any(len(part) > len(new) and new in part and part.strip() in known for part in (before, after)):
        return None  # the documents do say that
    return replace(
        question,
        id=f"{question.id}-none",
        question=f"{ASKED}{asked}",
        answers=(),
        pages=(),
        span=None,
        answerable=False,
        kind="unanswerable",
    )
