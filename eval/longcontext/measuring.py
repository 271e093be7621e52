"""Cases sent to a model one by one, and what share of each length and depth it found."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.control_tokens import neutralise
from assistant.prompts import fill
from eval.longcontext.cases import LARGEST, Case, key_values, pass_key
from eval.samples import Question
from eval.scoring.numbers import first_integer
from eval.statistics.intervals import Interval, wilson
from eval.tasks.judging import final_integer, topic

if TYPE_CHECKING:
    from assistant.protocols import LLM

DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
WELL = 0.8  # share right from which a length is usable
TOKENS = {"lines": 100, "topics": 50}  # of an answer, as the published runs allowed


@dataclass(frozen=True, slots=True)
class Cell:
    """`right` of `cases` at a mean length in the model's tokens; `depth` None for all depths together."""

    task: str
    tokens: int
    depth: float | None
    right: int
    cases: int

    @property
    def share(self) -> float:
        return self.right / self.cases

    @property
    def interval(self) -> Interval:
        return wilson(self.right, self.cases)


@dataclass(frozen=True, slots=True)
class Result:
    """One case: its length in tokens, and whether all of its answers were given. `group` keeps lengths together."""

    case: Case
    group: str
    tokens: int
    right: bool


Watch = Callable[[Result], None]


def generated(task: str, lengths: Sequence[int], each: int, llm: LLM, seed: int = 0) -> Iterator[tuple[str, Case]]:
    """`each` cases of every length in tokens, spread over the depths; the sizes are found by counting, not guessed."""
    for length in lengths:
        chance = random.Random(f"{seed}-{task}-{length}")  # noqa: S311 - the same cases in every run
        size = _size(task, length, llm)
        for number in range(each):
            yield str(length), _made(task, size, DEPTHS[number % len(DEPTHS)], chance)


def from_questions(group: str, questions: Sequence[Question]) -> Iterator[tuple[str, Case]]:
    """LongEval's cases as they stand: the question is the whole prompt."""
    for question in questions:
        place = question.question.find(question.answers[0]) / max(1, len(question.question))
        yield group, Case(question.question, question.answers, place, question.kind, TOKENS.get(question.kind, 50))


def measure(cases: Iterator[tuple[str, Case]], llm: LLM, watch: Watch | None = None) -> list[Result]:
    """Sends every case that fits the model's window; greedily. Raises the model's errors."""
    results = []
    for group, case in cases:
        if (sent := fitted(case, llm)) is None:
            continue
        prompt, length = sent
        result = Result(case, group, length, found(case, answered(case, prompt, llm)))
        results.append(result)
        if watch:
            watch(result)
    return results


def fitted(case: Case, llm: LLM) -> tuple[str, int] | None:
    """What is sent for a case, and its length in tokens; None where that and the answer do not fit the window."""
    profile = llm.profile
    prompt = case.prompt if case.raw else fill(profile.template, neutralise(case.prompt, profile.control_tokens))
    length = llm.count(prompt).tokens
    return None if length > min(profile.max_input, profile.window - case.tokens) else (prompt, length)


def answered(case: Case, prompt: str, llm: LLM) -> str:
    """The greedy answer."""
    sampling = replace(llm.profile.sampling, max_tokens=case.tokens, temperature=0.0, top_p=None, typical_p=None)
    return llm.complete(prompt, sampling).text


def found(case: Case, text: str) -> bool:
    """By the rule of each task: the first integer of a pass key, the last one of a line, else the words themselves."""
    question = Question("", "", case.answers)
    if case.task == "passkey":
        return first_integer(text) == int(case.answers[0])
    if case.task == "lines":
        return final_integer(question, text).score == 1.0
    if case.task == "topics":
        return topic(question, text).score == 1.0
    return all(answer in text for answer in case.answers)


def by_length(results: Sequence[Result]) -> list[Cell]:
    """One cell for each task and group of lengths, shortest first."""
    return _cells(results, lambda result: None)


def by_length_and_depth(results: Sequence[Result]) -> list[Cell]:
    """For a heat map: depths rounded to quarters."""
    return _cells(results, lambda result: round(result.case.depth * 4) / 4)


def usable_length(cells: Sequence[Cell]) -> int | None:
    """The longest length up to which every one was found well enough; None when not even the shortest was."""
    usable = None
    for cell in sorted(cells, key=lambda cell: cell.tokens):
        if cell.share < WELL:
            return usable
        usable = cell.tokens
    return usable


def _cells(results: Sequence[Result], depth: Callable[[Result], float | None]) -> list[Cell]:
    groups: dict[tuple[str, str, float | None], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.case.task, result.group, depth(result)].append(result)
    cells = [
        Cell(task, round(statistics.mean(each.tokens for each in row)), at, sum(each.right for each in row), len(row))
        for (task, _, at), row in groups.items()
    ]
    return sorted(cells, key=lambda cell: (cell.task, cell.tokens, cell.depth or 0.0))


def _made(task: str, size: int, depth: float, chance: random.Random) -> Case:
    if task == "passkey":
        return pass_key(size, depth, chance)
    return key_values(size, depth, chance, needles=3 if task == "needles" else 1)


def _size(task: str, length: int, llm: LLM) -> int:
    """Characters of filling, or pairs, that make a prompt of about so many tokens: linear, so two counts tell."""
    small, large = (400, 4_000) if task == "passkey" else (5, 25)
    made = [_made(task, size, 0.5, random.Random(LARGEST)) for size in (small, large)]  # noqa: S311 - only their length
    counts = [llm.count(case.prompt).tokens for case in made]
    slope = (counts[1] - counts[0]) / (large - small)
    return max(small, round(small + (length - counts[0]) / slope))
