"""One question against the evidence: how likely each candidate is the answer, and whether there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from assistant.extraction.candidates import Candidate, Evidence
from assistant.extraction.signals import CONFIDENCE_SIGNALS, SENTENCE_SIGNALS, confidence_signals, sentence_signals
from assistant.extraction.weights import CONFIDENCE_BIAS, CONFIDENCE_WEIGHTS, SENTENCE_WEIGHTS
from assistant.extraction.words import content_words, topic

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate with its probability, among all candidates of the question, of being the answer."""

    candidate: Candidate
    probability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Choices, best first, and the probability that the documents hold the answer."""

    choices: Sequence[Choice]
    confidence: float


def judge(question: str, vector: FloatMatrix, evidence: Evidence) -> Judgement:
    """`vector` is the question's, (1, dimension). `evidence` holds one candidate at least, and may have been weighed
    for a longer question of which this is a part."""
    asked = frozenset(content_words(topic(question)))
    weights = {word: rarity for word, rarity in evidence.weights.items() if word in asked}
    evidence = replace(evidence, weights=weights)
    signals = sentence_signals(question, vector, evidence)
    scores = signals @ np.array([SENTENCE_WEIGHTS[name] for name in SENTENCE_SIGNALS])
    odds = np.exp(scores - scores.max())
    order = np.argsort(-odds, kind="stable")
    choices = [Choice(evidence.candidates[at], float(odds[at] / odds.sum())) for at in order]
    weighed = confidence_signals(question, int(order[0]), signals, evidence)
    logit = CONFIDENCE_BIAS + float(weighed @ np.array([CONFIDENCE_WEIGHTS[name] for name in CONFIDENCE_SIGNALS]))
    return Judgement(choices, 1 / (1 + exp(-logit)))
