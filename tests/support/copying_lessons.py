"""Token sequences to learn copying from: conversations about invented facts, and random tokens that repeat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.support.invented_facts import Lookup, invent_lookup, question_line
from tests.support.small_tokenizer import ASSISTANT, END, PROMPTER, SPECIAL

if TYPE_CHECKING:
    from tokenizers import Tokenizer

REPEATING = 0.3  # share of lessons of random tokens: copying facts alone stayed at 5 to 8 % right
FULL = 0.35  # share of lessons with Kestrel's whole prompt, among those long enough
FULL_TOKENS, TURN_TOKENS, FACT_TOKENS = 150, 80, 40  # of instructions and fence, of the questions, of each fact
QUESTIONS = 8  # of one lesson: the passages are read once for all of them
MOST_PASSAGES = 63
NO_PASSAGE = 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """`learnt[i]`: token i is to be predicted. `passage[i]`: the number of the passage it stands in, -1 untold."""

    tokens: list[int]
    learnt: list[bool]
    passage: list[int]


class Teacher:
    """Makes lessons, the same for the same seed."""

    def __init__(self, tokenizer: Tokenizer, seed: int) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = range(len(SPECIAL), tokenizer.get_vocab_size())
        self._random = Random(seed)

    def lesson(self, length: int) -> Lesson:
        """At most `length` tokens."""
        made = self._repeating(length) if self._random.random() < REPEATING else self._conversation(length)
        return Lesson(made.tokens[:length], made.learnt[:length], made.passage[:length])

    def _repeating(self, length: int) -> Lesson:
        """Runs of random tokens, each said twice with others between; the second time is learnt."""
        tokens: list[int] = []
        learnt: list[bool] = []
        while len(tokens) < length:
            run = self._random.choices(self._vocabulary, k=self._random.randint(8, max(10, length // 4)))
            between = self._random.choices(self._vocabulary, k=self._random.randint(0, length // 4))
            tokens += run + between + run
            learnt += [False] * (len(run) + len(between) + 2) + [True] * (len(run) - 2)  # two tokens to know it by
        return Lesson(tokens, learnt, [-1] * len(tokens))

    def _conversation(self, length: int) -> Lesson:
        full = length > 2 * FULL_TOKENS and self._random.random() < FULL
        room = length - TURN_TOKENS - (FULL_TOKENS if full else 0)
        most = max(2, room // FACT_TOKENS)
        lookup = invent_lookup(self._random, self._random.randint(max(2, most // 2), most))
        facts = self._random.sample(tuple(lookup.where), min(QUESTIONS, len(lookup.where)))
        opening = lookup.prompt(facts[0]) if full else lookup.bare_prompt(facts[0])
        lesson = self._opened(opening)
        for fact in facts:
            if fact is not facts[0]:
                self._say(lesson, f"{PROMPTER}{question_line(fact)}{END}{ASSISTANT}", learnt=False)
            self._say(lesson, f"{lookup.answer(fact)}{END}", learnt=True)
        return lesson

    def _opened(self, prompt: str) -> Lesson:
        text = f"{PROMPTER}{prompt}{END}{ASSISTANT}"
        encoding = self._tokenizer.encode(text)
        numbers = _passage_of_each_character(text)
        passage = [numbers[stop - 1] for _, stop in encoding.offsets]
        return Lesson(list(encoding.ids), [False] * len(passage), passage)

    def _say(self, lesson: Lesson, text: str, *, learnt: bool) -> None:
        ids = self._tokenizer.encode(text).ids
        lesson.tokens.extend(ids)
        lesson.learnt.extend([learnt] * len(ids))
        lesson.passage.extend([NO_PASSAGE] * len(ids))


def _passage_of_each_character(prompt: str) -> list[int]:
    """Counted from a line that begins with a number in brackets to the next, or to the end of the passages."""
    end = prompt.find("passages end")
    end = end if end >= 0 else prompt.rindex("Question:")
    starts = {match.start(): int(match[1]) for match in re.finditer(r"^\[(\d+)\]", _without_opening(prompt), re.M)}
    numbers, current = [], NO_PASSAGE
    for position in range(len(prompt)):
        current = NO_PASSAGE if position >= end else starts.get(position, current)
        numbers.append(min(current, MOST_PASSAGES))
    return numbers


def _without_opening(prompt: str) -> str:
    """A newline in place of the opening token's last character, so that a passage right behind it begins a line."""
    return f"{PROMPTER[:-1]}\n{prompt[len(PROMPTER) :]}"


def tokenizer_texts(seed: int, count: int) -> list[str]:
    """Prompts and answers to train a tokenizer on."""
    random = Random(seed)
    lookups = [invent_lookup(random, 6) for _ in range(count)]
    return [_read_out(lookup, full=index % 10 == 0) for index, lookup in enumerate(lookups)]


def _read_out(lookup: Lookup, *, full: bool) -> str:
    first = next(iter(lookup.where))
    prompt = lookup.prompt(first) if full else lookup.bare_prompt(first)
    return prompt + " ".join(lookup.answer(fact) for fact in lookup.where)
