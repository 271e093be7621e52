"""Fits the constants in `assistant/extraction/weights.py` and prints them.

    python -m tests.benchmarks.fit_extraction [--work FOLDER]

Weights are fitted on one half of the questions of every collection (SQuAD 2.0: on one half of the articles); what is
printed of their quality comes from the other half. Takes about 15 minutes on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from assistant.extraction.candidates import Evidence, weigh
from assistant.extraction.signals import CONFIDENCE_SIGNALS, SENTENCE_SIGNALS, confidence_signals, sentence_signals
from tests.benchmarks.extraction_cases import Case, Found, find, open_knowledge, sets

RIDGE = 1e-3
FALSE_REFUSALS = 0.15  # of the answerable questions of any set, the answer found: what the threshold may cost
LEVEL = {"squad2": 0.5, "natural_questions, left out": 0.5}  # weight of unanswerable sets that are the hardest to tell


class Remembering:
    """An embedder that embeds no text twice: passages share most of their sentences between questions."""

    def __init__(self, embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, np.ndarray] = {}
        self.tokens = embedder.tokens

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True) if new else ())
        return np.array([self._vectors[text] for text in texts], dtype=np.float32)

    def embed_query(self, text: str) -> np.ndarray:
        return self._embedder.embed_query(text)


@dataclass(frozen=True, slots=True)
class Observation:
    """Signals of all candidates of a case, and which of them hold the answer."""

    case: Case
    evidence: Evidence
    signals: np.ndarray  # (candidates, len(SENTENCE_SIGNALS))
    holding: np.ndarray  # (candidates,), bool


def observe(found: Found, embedder: Remembering) -> Observation | None:
    evidence = weigh(found.case.text, found.passages, found.documents, embedder)
    if not evidence.candidates:
        return None
    signals = sentence_signals(found.case.text, embedder.embed_query(found.case.text), evidence)
    sources = {passage.document_id: Path(passage.source).name for passage in found.passages}
    holding = [
        bool(found.case.holds)
        and found.case.holds(
            sources[each.statement.document_id],
            each.statement.start,
            each.statement.end,
            found.documents[each.statement.document_id].text[each.statement.start : each.statement.end],
        )
        for each in evidence.candidates
    ]
    return Observation(found.case, evidence, signals, np.array(holding))


def fit_sentences(observations: Iterable[Observation]) -> np.ndarray:
    """Conditional logit: the log of the probability that falls on candidates that hold the answer, every set of
    questions counting the same."""
    told = [each for each in observations if each.holding.any()]
    sizes = {kind: sum(each.case.kind == kind for each in told) for kind in {each.case.kind for each in told}}
    weights = np.array([1 / sizes[each.case.kind] for each in told]) / len(sizes)
    starts = np.cumsum([0, *(len(each.signals) for each in told)])
    scale = np.concatenate([each.signals for each in told]).std(axis=0)
    rows = np.concatenate([each.signals for each in told]) / scale
    holding = np.concatenate([each.holding for each in told])
    of = np.repeat(np.arange(len(told)), np.diff(starts))

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        scores = rows @ beta
        odds = np.exp(scores - np.maximum.reduceat(scores, starts[:-1])[of])
        total = np.add.reduceat(odds, starts[:-1])
        right = np.add.reduceat(odds * holding, starts[:-1])
        gradient = rows.T @ ((odds / total[of] - odds * holding / right[of]) * weights[of])
        return float(weights @ np.log(total / right)) + RIDGE * beta @ beta, gradient + 2 * RIDGE * beta

    return minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x / scale


def fit_confidence(rows: np.ndarray, answerable: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression: coefficients and intercept."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    standard = (rows - mean) / scale

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        scores = standard @ beta[:-1] + beta[-1]
        error = weights * (expit(scores) - answerable)
        penalty = RIDGE * beta[:-1]
        value = weights @ (np.logaddexp(0, scores) - answerable * scores) + penalty @ beta[:-1]
        return float(value), np.append(standard.T @ error + 2 * penalty, error.sum())

    beta = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x
    coefficients = beta[:-1] / scale
    return coefficients, float(beta[-1] - coefficients @ mean)


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The probability that a positive scores above a negative (Mann & Whitney 1947)."""
    ranks = rankdata([*positives, *negatives])[: len(positives)]
    return (ranks.sum() - len(positives) * (len(positives) + 1) / 2) / (len(positives) * len(negatives))


def first_right(observations: Sequence[Observation], weights: np.ndarray) -> float:
    """Share of the cases whose best candidate holds the answer, among those where any does."""
    told = [each for each in observations if each.holding.any()]
    return float(np.mean([each.holding[np.argmax(each.signals @ weights)] for each in told]))


def gather(work: Path) -> list[Observation]:
    observations = []
    for collection, cases in sets(work):
        with open_knowledge(collection, work) as knowledge:
            embedder, documents = Remembering(knowledge.embedder), {}
            for case in cases:
                observation = observe(find(knowledge, case, documents), embedder)
                if observation:
                    observations.append(observation)
        print(f"{collection.name}: {len(cases)} cases", flush=True)
    return observations


def report_sentences(observations: Sequence[Observation]) -> np.ndarray:
    weights = fit_sentences(each for each in observations if each.case.chosen_on)
    print("SENTENCE_WEIGHTS", {name: round(value, 1) for name, value in zip(SENTENCE_SIGNALS, weights, strict=True)})
    alone = np.eye(len(SENTENCE_SIGNALS))[SENTENCE_SIGNALS.index("cosine")]
    for kind in sorted({each.case.kind for each in observations if each.holding.any()}):
        rest = [each for each in observations if each.case.kind == kind and not each.case.chosen_on]
        print(f"  {kind}: best candidate right {first_right(rest, weights):.3f}, cosine {first_right(rest, alone):.3f}")
    return weights


def report_confidence(observations: Sequence[Observation], weights: np.ndarray) -> None:
    best = [int(np.argmax(each.signals @ weights)) for each in observations]
    rows = np.array(
        [
            confidence_signals(each.case.text, at, each.signals, each.evidence)
            for each, at in zip(observations, best, strict=True)
        ]
    )
    kinds = np.array([each.case.kind for each in observations])
    answerable = np.array([each.case.answerable for each in observations])
    chosen = np.array([each.case.chosen_on for each in observations])
    # An answer that the search did not find teaches nothing about telling whether it is there.
    missed = np.array(
        [each.case.answerable and bool(each.case.holds) and not each.holding.any() for each in observations]
    )
    level = _levels(kinds, answerable, chosen & ~missed)
    coefficients, bias = fit_confidence(rows[chosen & ~missed], answerable[chosen & ~missed], level)
    print("CONFIDENCE_WEIGHTS", dict(zip(CONFIDENCE_SIGNALS, coefficients.round(1).tolist(), strict=True)))
    print("CONFIDENCE_BIAS", round(bias, 1))
    confidence = expit(rows @ coefficients + bias)
    threshold = _threshold(confidence, kinds, answerable & chosen & ~missed)
    print("THRESHOLD", round(threshold, 2))
    _report_refusals(confidence, rows[:, 0], threshold, kinds, answerable, chosen)


def _levels(kinds: np.ndarray, answerable: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Weights that make all answerable questions count as much as all others, and every set as much as its `LEVEL`."""
    weights = np.zeros(len(kinds))
    for truth in (True, False):
        here = used & (answerable == truth)
        for kind in set(kinds[here]):
            level = 1.0 if truth else LEVEL.get(kind, 1.0)
            weights[here & (kinds == kind)] = level / np.count_nonzero(here & (kinds == kind))
        weights[here] /= 2 * weights[here].sum()
    return weights[used]


def _threshold(confidence: np.ndarray, kinds: np.ndarray, used: np.ndarray) -> float:
    """The highest threshold, in steps of 0.05, that refuses at most `FALSE_REFUSALS` of each set of the answerable."""
    steps = np.arange(0.05, 0.95, 0.05)
    costs = [max((confidence[used & (kinds == kind)] < step).mean() for kind in set(kinds[used])) for step in steps]
    return float(max(step for step, cost in zip(steps, costs, strict=True) if cost <= FALSE_REFUSALS))


def _report_refusals(confidence, nearest, threshold, kinds, answerable, chosen) -> None:
    for kind in sorted(set(kinds)):
        here = (kinds == kind) & ~chosen
        for truth in (True, False):
            each = here & (answerable == truth)
            if each.any():
                refused = (confidence[each] < threshold).mean()
                print(f"  {kind}: {each.sum()} {'answerable' if truth else 'not'}, refused {refused:.3f}")
    yes, no = ((kinds == "squad2") & ~chosen & (answerable == truth) for truth in (True, False))
    ours, bare = auroc(confidence[yes], confidence[no]), auroc(nearest[yes], nearest[no])
    print(f"  squad2 AUROC: confidence {ours:.3f}, nearest sentence {bare:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the knowledge bases there (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        observations = gather(arguments.work or Path(temporary))
    report_confidence(observations, report_sentences(observations))


if __name__ == "__main__":
    main()
