"""Questions that ask several things at once, and files that a question names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from pathlib import PurePath

PART_WORDS = 4  # a part of a question with fewer words says too little to be searched for alone

_SEAM = re.compile(
    r",?\s+and\s+(?=(?:what|how|when|where|who|which|why|whether|does|do|is|are|can)\b)|(?<=[?;])\s+", re.I
)
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def parts(question: str) -> list[str]:
    """The questions inside a question ("What is covered, and how do I apply?"); [] when it asks one thing."""
    found = [part.strip(" ,?") for part in _SEAM.split(question)]
    found = [part for part in found if len(part.split()) >= PART_WORDS]
    return found if len(found) > 1 else []


def named(question: str, names: Sequence[str]) -> list[float]:
    """How far a question names each of these documents, in [0, 1].

    Of the question's words that are in some names and not in all, the share that a document's name holds, rare words
    counting for more (inverse document frequency). `names` are file names and titles in one string each.
    """
    words = [_words(name) for name in names]
    weights = _weights(words)
    asked = _words(question) & weights.keys()
    mass = sum(weights[word] for word in asked)
    return [sum(weights[word] for word in asked & own) / mass if mass else 0.0 for own in words]


def name_of(source: str, title: str) -> str:
    """What a question may call a document: its file's name, without the ending, and its title."""
    return f"{PurePath(source).stem} {title}"


def _weights(names: Sequence[set[str]]) -> Mapping[str, float]:
    counts = Counter(word for name in names for word in name)
    total = len(names)
    return {word: log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in counts.items() if n < total}


def _words(text: str) -> set[str]:
    """Words of three letters or more, without a plural's s, so that "policies" need not but "plans" does match."""
    found = (word.casefold() for word in _WORD.findall(_HUMP.sub(" ", text)))
    return {word[:-1] if word.endswith("s") and len(word) > 3 else word for word in found if len(word) > 2}
