"""Content words: what is left of a text without function words, endings cut so that inflections meet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import log

# Words that say how a question is put, not what it is about.
FUNCTION_WORDS = frozenset(
    "a about according after again against all also am among an and any are as at be because been before being "
    "between both but by call called can could did do does doing done down during each else every few for from "
    "further get give given had has have having he her here hers him his how however i if in into is it its itself "
    "just kind kinds know like made make many may me might mine more most much must my name named no nor not now of "
    "off often on once one only or other our ours out over own please said same say says shall she should since so "
    "some such than that the their theirs them then there these they this those through to too type types under "
    "until up upon us used using very was we were what when where whether which while who whom whose why will with "
    "would yes you your yours".split()
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")  # kana, Han, Hangul
_ASKED_KIND = re.compile(
    r"\bhow (?:big|deep|expensive|far|fast|frequently|heavy|high|large|long|old|often|quickly|soon|tall|wide)\b"
    r"|\b(?:what|which) (?:amount|century|date|day|decade|kinds?|month|number|percentage|sorts?|time|types?|year)\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"['’]s?$")
_ENDINGS = (
    "ations ation ments ment ingly nesses ness ities ings edly ions ing ers ors ity ies ied ion ous ive als ally "
    "ed er or es al ly e y s"
).split()
_STEM = 4  # letters that must be left
_VOWEL_Y = re.compile(r"[aeou]y\Z")  # "employ", "survey": the y belongs to the stem


@lru_cache(maxsize=1 << 15)  # words recur; 32,768 of them take about 4 MB
def stem(word: str) -> str:
    """A lower-case word without its ending ("reviews", "reviewed" → "review"); numbers stay whole."""
    if not word.isalpha():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM and not _VOWEL_Y.search(word):
            return word[: -len(ending)]
    return word


def content_words(text: str) -> list[str]:
    """The stems of the content words in order; scripts that write no spaces give pairs of characters."""
    return [stem for stem, _ in _stems(text)]


def spellings(text: str) -> dict[str, str]:
    """Each stem of `content_words(text)` with the word as it is first written there."""
    found: dict[str, str] = {}
    for word, written in _stems(text):
        found.setdefault(word, written)
    return found


def topic(question: str) -> str:
    """A question without the words that say what kind of thing is asked for: "How long is it covered?" asks for no
    "long" in the answer."""
    return _ASKED_KIND.sub(" ", question)


def _stems(text: str) -> Iterator[tuple[str, str]]:
    for match in _WORD.finditer(text):
        written = _POSSESSIVE.sub("", match.group())
        word = written.casefold()
        if _WITHOUT_SPACES.fullmatch(word):
            yield from ((word[at : at + 2], written) for at in range(len(word) - 1))
        elif word not in FUNCTION_WORDS:
            yield stem(word), written


def rarity(words: Iterable[str], texts: Sequence[Collection[str]]) -> dict[str, float]:
    """Inverse document frequency of each word among the texts (Robertson & Spärck Jones 1976), above 0."""
    counts = Counter(word for text in texts for word in text)
    return {word: log(1 + (len(texts) + 0.5) / (counts[word] + 0.5)) for word in words}


def coverage(weights: Mapping[str, float], text: Collection[str]) -> float:
    """The share of the weighted words that a text holds, in [0, 1]; 0 when there are none."""
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in text) / total if total else 0.0
