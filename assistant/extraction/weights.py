"""The constants of extraction, and where they come from.

Made by `python tests/benchmarks/fit_extraction.py`, which prints them and the results on the other half of the data.
"""

from __future__ import annotations

# Conditional logit over the candidates of a question (McFadden 1974): which of them holds the gold answer.
SENTENCE_WEIGHTS = {
    "cosine": 3.7,
    "words": 6.2,
    "passage_cosine": 7.5,
    "expectation": 1.1,
    "rank": 0.9,
    "asks": -3.6,
}

# Logistic regression over questions: do the documents hold the answer.
CONFIDENCE_WEIGHTS = {
    "nearest": 5.9,
    "cosine": 5.3,
    "words": 1.9,
    "unseen": -1.5,
    "negation": -2.7,
    "numbers": -1.0,
}
CONFIDENCE_BIAS = -6.6

THRESHOLD = 0.4  # of confidence; below it the answer is that the documents do not tell
