"""A reply beside its question: right or not by one metric, and every further measure that applies.

What is counted apart from wrong answers: no answer for an error of the model, an abstention where the documents hold
the answer, a choice that could not be parsed, and a wrong answer that was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from assistant.answers import Likelihood
from eval.samples import Mark, Outcome, Question, Reply
from eval.scoring.choices import chosen
from eval.scoring.likeliest import likeliest, likeliest_per_byte, likeliest_per_token
from eval.scoring.numbers import numeric
from eval.scoring.retrieval import citation_precision, citation_recall, gold_units, hit, ndcg, recall, reciprocal_rank
from eval.scoring.text import contains, exact_match, token_f1
from ingest.errors import UsageError

SHORT = 8  # words; answers up to that are looked for in the text, longer ones compared by F1
Metric = Callable[[Question, Reply], float | None]


def _choice(question: Question, reply: Reply) -> float | None:
    letter = chosen(reply.text, question.choices)
    return None if letter is None else float(letter == question.answer)


def _number(question: Question, reply: Reply) -> float | None:
    scores = [numeric(reply.text, answer) for answer in question.answers]
    return None if None in scores else max((score for score in scores if score is not None), default=0.0)


def _likeliest(question: Question, reply: Reply, rule: Callable[[Sequence[Likelihood]], str]) -> float | None:
    return float(rule(reply.likelihoods) == question.answer) if reply.likelihoods else None


METRICS: Mapping[str, Metric] = {
    "choice": _choice,
    "likeliest": lambda question, reply: _likeliest(question, reply, likeliest),
    "likeliest_per_token": lambda question, reply: _likeliest(question, reply, likeliest_per_token),
    "likeliest_per_byte": lambda question, reply: _likeliest(
        question, reply, partial(likeliest_per_byte, choices=question.choices)
    ),
    "exact": lambda question, reply: exact_match(reply.text, question.answers),
    "f1": lambda question, reply: token_f1(reply.text, question.answers),
    "contains": lambda question, reply: contains(reply.text, question.answers),
    "number": _number,
    "citation": lambda question, reply: hit(reply.cited, question, len(reply.cited)),
    "found": lambda question, reply: hit(reply.passages, question, len(reply.passages)),
}
WEIGHED = ("likeliest", "likeliest_per_token", "likeliest_per_byte")  # metrics that no word of the reply shapes


def metric_for(questions: Sequence[Question]) -> str:
    """The metric that judges this set where none is named: the first that every question allows.

    Choices by their letter; short answers by containment; answers with a known place by whether a citation points
    there; else F1. Raises `UsageError` for questions that nothing can judge.
    """
    able = [question for question in questions if question.answerable]
    if all(question.choices for question in able):
        return "choice"
    if all(question.answers and _words(question) <= SHORT for question in able):
        return "contains"
    if all(gold_units(question) for question in able):
        return "citation"
    if all(question.answers for question in able):
        return "f1"
    lacking = next(question.id for question in able if not question.answers and not question.choices)
    raise UsageError(f"Nothing says what is right for the question {lacking!r}.", "Give answers, choices or a page.")


def mark(question: Question, reply: Reply, metric: str) -> Mark:
    """Judge by a metric of `METRICS`; saying that the documents do not hold it is right for unanswerable questions."""
    measures = measured(question, reply)
    if reply.error:
        return Mark(question.id, 0.0, "error", measures)
    if not question.answerable:
        right = reply.abstained
        return Mark(question.id, float(right), "right" if right else _cut(reply, "wrong"), measures)
    if metric in WEIGHED:
        return _weighed(question, METRICS[metric](question, reply), measures)
    if reply.abstained:
        return Mark(question.id, 0.0, "abstained", measures)
    score = METRICS[metric](question, reply)
    if score is None:
        return Mark(question.id, 0.0, _cut(reply, "unparsed"), measures)
    return Mark(question.id, score, "right" if score == 1.0 else _cut(reply, "wrong"), measures)


def _weighed(question: Question, score: float | None, measures: Mapping[str, float]) -> Mark:
    """What was not weighed is an error and not a wrong choice."""
    outcome: Outcome = "error" if score is None else "right" if score else "wrong"
    return Mark(question.id, score or 0.0, outcome, measures)


def measured(question: Question, reply: Reply) -> dict[str, float]:
    """Every metric that the question allows, by its name."""
    found: dict[str, float] = {"tokens": float(reply.spent), "seconds": reply.seconds}
    if reply.first_token is not None:
        found["first_token"] = reply.first_token
    if reply.output_tokens and reply.seconds:
        found["tokens_per_second"] = reply.output_tokens / reply.seconds
    if reply.error or not question.answerable:
        return found
    if question.choices:
        found["letter"] = _choice(question, reply) or 0.0
    if reply.likelihoods:
        found |= {name: METRICS[name](question, reply) or 0.0 for name in WEIGHED}
    if question.answers:
        found |= {name: METRICS[name](question, reply) or 0.0 for name in ("exact", "f1", "contains")}
    if gold_units(question) and reply.passages:
        found |= {
            "hit@5": hit(reply.passages, question, 5),
            "recall@5": recall(reply.passages, question, 5),
            "gold_in_budget": recall(reply.passages, question, len(reply.passages)),
            "mrr": reciprocal_rank(reply.passages, question),
            "ndcg@10": ndcg(reply.passages, question, 10),
            "citation_precision": citation_precision(reply.cited, question),
            "citation_recall": citation_recall(reply.cited, question),
        }
    return found


def _words(question: Question) -> int:
    return min((len(answer.split()) for answer in question.answers), default=0)


def _cut(reply: Reply, otherwise: Outcome) -> Outcome:
    return "truncated" if reply.finish == "length" else otherwise
