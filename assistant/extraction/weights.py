"""The constants of extraction, and where they come from.

`python -m tests.benchmarks.fit_extraction` fits them on one half of each collection of questions, and prints what they
come to on the other half; docs/experiments.md tells what else was tried.
"""

from __future__ import annotations

# Conditional logit over the candidates of a question (McFadden 1974): which of them holds the gold answer.
SENTENCE_WEIGHTS = {
    "cosine": 4.3,
    "words": 7.8,
    "passage_cosine": 6.0,
    "expectation": 0.9,
    "rank": 1.1,
    "named": 0.7,
    "news": 3.4,
    "asks": -2.4,
}

# Logistic regression over questions: do the documents hold the answer.
CONFIDENCE_WEIGHTS = {
    "nearest": 8.5,
    "cosine": 4.1,
    "words": 2.6,
    "negation": -1.6,
    "numbers": -0.9,
}
CONFIDENCE_BIAS = -7.7

THRESHOLD = 0.5  # of confidence; below it the answer is that the documents do not tell
