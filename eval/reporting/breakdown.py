"""Where arms differ: question by question, and over the documents and kinds of questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

from eval.evaluation import Evaluation
from eval.samples import Mark, Question, Reply


@dataclass(frozen=True, slots=True)
class Difference:
    """A question on which two arms scored differently."""

    question: Question
    first: tuple[Reply, Mark]
    second: tuple[Reply, Mark]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms: questions scored the same, and those that each won."""

    first: str
    second: str
    same: int
    first_won: tuple[Difference, ...]
    second_won: tuple[Difference, ...]


def pair(found: Evaluation, first: str, second: str) -> Pair:
    rows = zip(found.questions, found.replies[first], found.marks[first], strict=True)
    others = zip(found.replies[second], found.marks[second], strict=True)
    all_of = [
        Difference(question, (reply, mark), other) for (question, reply, mark), other in zip(rows, others, strict=True)
    ]
    sound = [each for each in all_of if "error" not in (each.first[1].outcome, each.second[1].outcome)]
    ahead = tuple(each for each in sound if each.first[1].score > each.second[1].score)
    behind = tuple(each for each in sound if each.first[1].score < each.second[1].score)
    return Pair(first, second, len(sound) - len(ahead) - len(behind), ahead, behind)


def by_source(found: Evaluation) -> dict[str, dict[str, tuple[float, int]]]:
    return _grouped(found, lambda question: question.source)


def by_kind(found: Evaluation) -> dict[str, dict[str, tuple[float, int]]]:
    return _grouped(found, lambda question: question.kind)


def _grouped(found: Evaluation, group: Callable[[Question], str]) -> dict[str, dict[str, tuple[float, int]]]:
    """Of each group and arm the mean score and the number of questions; empty where there are not two groups."""
    table: dict[str, dict[str, tuple[float, int]]] = defaultdict(dict)
    for arm, marks in found.marks.items():
        for name, scores in _scores(found, marks, group).items():
            table[name][arm] = fmean(scores), len(scores)
    return dict(sorted(table.items())) if len(table) > 1 else {}


def _scores(found: Evaluation, marks: tuple[Mark, ...], group: Callable[[Question], str]) -> Mapping[str, list[float]]:
    scores: dict[str, list[float]] = defaultdict(list)
    for question, mark in zip(found.questions, marks, strict=True):
        if mark.outcome != "error":
            scores[group(question)].append(mark.score)
    return scores
