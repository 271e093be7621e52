"""Answers compared as words: exact match, token F1 and containment, as SQuAD's official script normalises them.

P. Rajpurkar et al., SQuAD: 100,000+ Questions for Machine Comprehension of Text, EMNLP 2016 (arXiv:1606.05250); for
questions without an answer, SQuAD 2.0 (arXiv:1806.03822).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalised(text: str) -> str:
    """Lower case, without ASCII punctuation and English articles, white space folded."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(text: str, answers: Sequence[str]) -> float:
    """1 when the normalised text equals a normalised answer, else 0. Without answers, the empty text is right."""
    return _best(lambda answer: float(normalised(text) == normalised(answer)), answers)


def token_f1(text: str, answers: Sequence[str]) -> float:
    """The best over the answers of F1 = 2PR / (P + R), P and R the shares of shared tokens, counted with multiplicity.

    Where the text or the answer has no token, 1 when neither has one, else 0.
    """
    return _best(lambda answer: _f1(normalised(text).split(), normalised(answer).split()), answers)


def contains(text: str, answers: Sequence[str]) -> float:
    """1 when the normalised text holds a normalised answer as whole words, else 0.

    N. Kandpal et al., Large Language Models Struggle to Learn Long-Tail Knowledge (2023), and N. F. Liu et al., Lost in
    the Middle (arXiv:2307.03172), judge longer answers so ("best subspan").
    """
    padded = f" {normalised(text)} "
    return float(any(f" {normalised(answer)} " in padded for answer in answers if normalised(answer)))


def _best(score: Callable[[str], float], answers: Sequence[str]) -> float:
    return max(score(answer) for answer in [each for each in answers if normalised(each)] or [""])


def _f1(said: list[str], gold: list[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    shared = sum((Counter(said) & Counter(gold)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(said), shared / len(gold)
    return 2 * precision * recall / (precision + recall)
