"""How well the passages that were found hold the gold, and how well the citations do. All from 0 to 1.

Relevance is yes or no here: a passage is relevant when it stands in the gold place. Recall counts gold units (pages,
or the one span), so that two passages of one page are one find. C. D. Manning, P. Raghavan, H. Schütze, Introduction
to Information Retrieval (2008), chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

from eval.samples import Place, Question

Unit = int | tuple[int, int]


def gold_units(question: Question) -> tuple[Unit, ...]:
    """The places where the answer stands: its pages, else its one span, else none."""
    return question.pages or ((question.span,) if question.span else ())


def holds(place: Place, question: Question, unit: Unit) -> bool:
    """Whether a place lies in the question's document and touches the page or span."""
    if not same_source(place.source, question.source):
        return False
    if isinstance(unit, int):
        return place.page == unit
    return place.start < unit[1] and unit[0] < place.end


def same_source(path: str, name: str) -> bool:
    """Whether `name` is the end of the path, its ending left out or not."""
    parts, wanted = PurePath(path.partition("#")[0]).parts, PurePath(name).parts
    if not wanted or len(parts) < len(wanted):
        return False
    tail = parts[-len(wanted) :]
    return tail == wanted or (*tail[:-1], PurePath(tail[-1]).stem) == wanted


def relevance(places: Sequence[Place], question: Question) -> list[bool]:
    units = gold_units(question)
    return [any(holds(place, question, unit) for unit in units) for place in places]


def hit(places: Sequence[Place], question: Question, k: int) -> float:
    """1 when any of the first k is relevant."""
    return float(any(relevance(places[:k], question)))


def recall(places: Sequence[Place], question: Question, k: int) -> float:
    """Gold units that any of the first k holds, of all gold units. Raises `ValueError` for a question without gold."""
    units = gold_units(question)
    if not units:
        raise ValueError(f"The question {question.id!r} does not say where its answer stands.")
    return sum(any(holds(place, question, unit) for place in places[:k]) for unit in units) / len(units)


def reciprocal_rank(places: Sequence[Place], question: Question) -> float:
    """1 / rank of the first relevant one; 0 when there is none. Its mean is the MRR."""
    return next((1 / rank for rank, found in enumerate(relevance(places, question), start=1) if found), 0.0)


def ndcg(places: Sequence[Place], question: Question, k: int) -> float:
    """Σ 1/log₂(rank+1) over the gold units at the rank where each is first held, divided by the best possible sum.

    K. Järvelin, J. Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques, TOIS 20 (2002) 422-446, with gain 1
    for a unit that was not seen before.
    """
    units = set(gold_units(question))
    wanted, gained = len(units), 0.0
    for rank, place in enumerate(places[:k], start=1):
        held = {unit for unit in units if holds(place, question, unit)}
        gained += len(held) / math.log2(rank + 1)
        units -= held
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(wanted, k) + 1))
    return min(1.0, gained / best) if best else 0.0


def citation_precision(cited: Sequence[Place], question: Question) -> float:
    """Citations that point into a gold place, of all citations; 0 without citations."""
    found = relevance(cited, question)
    return sum(found) / len(found) if found else 0.0


def citation_recall(cited: Sequence[Place], question: Question) -> float:
    """Gold places that a citation points into, of all gold places."""
    return recall(cited, question, len(cited))


def abstention(answerable: Sequence[bool], abstained: Sequence[bool]) -> tuple[float, float]:
    """Precision and recall of saying that the documents do not hold the answer; NaN where nothing is to divide by.

    P = rightly abstained / abstained, R = rightly abstained / unanswerable.
    """
    rightly = sum(said and not able for able, said in zip(answerable, abstained, strict=True))
    silent, unanswerable = sum(abstained), len(answerable) - sum(answerable)
    return (rightly / silent if silent else math.nan, rightly / unanswerable if unanswerable else math.nan)
