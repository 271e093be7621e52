"""What speaks for a sentence, and for the documents holding the answer at all, as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from assistant.extraction.candidates import Evidence
from assistant.extraction.expectations import expectation
from assistant.extraction.words import coverage

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix

SENTENCE_SIGNALS = ("cosine", "words", "passage_cosine", "expectation", "rank", "named", "news", "asks")
CONFIDENCE_SIGNALS = ("nearest", "cosine", "words", "negation", "numbers")

NEWS = 2  # content words

_NEGATION = re.compile(r"\b(?:not|never|no|none|neither|nor|cannot|without|except\w*|exclu\w+|unable)\b|n['’]t\b", re.I)
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


def sentence_signals(question: str, vector: FloatMatrix, evidence: Evidence) -> FloatMatrix:
    """(candidates, len(SENTENCE_SIGNALS)), float32. `vector` is the question's, (1, dimension).

    cosine [-1, 1]: question and sentence. words [0, 1]: share of the question's words, by rarity, in the sentence and
    around it. passage_cosine [-1, 1]: the best cosine in the same passage, since an answer rarely stands alone.
    expectation {-1, 0, 1}: see `Expectation.met_by`. rank (0, 1]: 1 over the passage's rank. named [0, 1]: how far the
    question names the document. news {0, 0.5, 1}: whether the sentence has no, one or more content words that the
    question has not. asks {0, 1}: the sentence is a question itself.
    """
    expected = expectation(question)
    cosines = (evidence.vectors @ vector[0]).tolist()
    best = [-1.0] * len(evidence.passages)
    for candidate, cosine in zip(evidence.candidates, cosines, strict=True):
        best[candidate.statement.passage] = max(best[candidate.statement.passage], cosine)
    rows = [
        (
            cosine,
            coverage(evidence.weights, candidate.around),
            best[candidate.statement.passage],
            expected.met_by(candidate.text),
            1 / (1 + candidate.statement.passage),
            evidence.named[candidate.statement.passage],
            min(NEWS, len(candidate.own - expected.known)) / NEWS,
            candidate.text.endswith(("?", "？")),
        )
        for candidate, cosine in zip(evidence.candidates, cosines, strict=True)
    ]
    return np.array(rows, dtype=np.float32)


def confidence_signals(question: str, best: int, signals: FloatMatrix, evidence: Evidence) -> FloatMatrix:
    """(len(CONFIDENCE_SIGNALS),), float32. `best` is the row of the best candidate in `signals`, those of all.

    nearest [-1, 1]: the highest cosine of any candidate. cosine, words: of the best candidate, as above. negation
    {0, 1}: the question denies something, the sentence denies nothing. numbers [0, 1]: share of the question's numbers
    that the sentence does not hold.
    """
    text = evidence.candidates[best].text
    numbers = _NUMBER.findall(question)
    cosine, words = signals[best, [SENTENCE_SIGNALS.index("cosine"), SENTENCE_SIGNALS.index("words")]]
    values = (
        signals[:, SENTENCE_SIGNALS.index("cosine")].max(),
        cosine,
        words,
        bool(_NEGATION.search(question)) and not _NEGATION.search(text),
        sum(number not in text for number in numbers) / len(numbers) if numbers else 0.0,
    )
    return np.array(values, dtype=np.float32)
