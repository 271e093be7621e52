"""Scores of recorded outputs: the share that is right, with its interval, and what could not be parsed, apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.question_sets import load
from eval.samples import Question
from eval.statistics.intervals import wilson
from eval.tasks import TASKS
from eval.tasks.judging import Judge, Judgement
from eval.tasks.outputs import read_outputs


@dataclass(frozen=True, slots=True)
class Scored:
    """`judgements` stand beside `questions`; None where there is no output."""

    task: str
    questions: Sequence[Question]
    judgements: Sequence[Judgement | None]
    cases_sha256: str
    outputs_sha256: str


def score_files(task: str, cases: str | Path, outputs: str | Path, kind: str | None = None) -> Scored:
    """Judge every output of a file beside its question. Raises `UsageError` when the two do not belong together."""
    judge: Judge = TASKS.load(task)
    asked, recorded = load(cases, kind), read_outputs(outputs)
    texts = recorded.beside(asked.questions)
    judged = [
        None if text is None else judge(question, text) for question, text in zip(asked.questions, texts, strict=True)
    ]
    return Scored(task, asked.questions, judged, asked.sha256, recorded.sha256)


def summary(scored: Scored) -> dict[str, Any]:
    """The JSON object of `python -m eval score`.

    `accuracy` is the mean score over all n questions: an unparsed output and a missing one count 0, and each is also
    counted by itself. `interval` is Wilson's, at 95 %, of the outputs that are right altogether.
    """
    scores = [_score(judgement) for judgement in scored.judgements]
    right = sum(score == 1.0 for score in scores)
    kinds: dict[str, list[float]] = defaultdict(list)
    for question, score in zip(scored.questions, scores, strict=True):
        kinds[question.kind].append(score)
    return {
        "task": scored.task,
        "accuracy": _mean(scores),
        "n": len(scores),
        "correct": right,
        "interval": list(wilson(right, len(scores))),
        "unparsed": sum(judgement is not None and judgement.score is None for judgement in scored.judgements),
        "missing": sum(judgement is None for judgement in scored.judgements),
        **_measures(scored.judgements),
        "kinds": {kind: {"accuracy": _mean(of), "n": len(of)} for kind, of in kinds.items()} if len(kinds) > 1 else {},
        "cases_sha256": scored.cases_sha256,
        "outputs_sha256": scored.outputs_sha256,
    }


def _measures(judgements: Sequence[Judgement | None]) -> dict[str, float]:
    names = {name: None for judgement in judgements if judgement for name in judgement.measures}
    return {name: _mean([judged.measures[name] if judged else 0.0 for judged in judgements]) for name in names}


def _score(judgement: Judgement | None) -> float:
    return judgement.score if judgement is not None and judgement.score is not None else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
