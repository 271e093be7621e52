"""True sentences of real documents, and the same sentences made wrong in one place."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from assistant.extraction.words import FUNCTION_WORDS

_NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?![\w:/-])")
_UNITS = (
    ("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
    ("second", "minute", "hour", "day", "week", "month", "year"),
    ("km", "miles", "metres", "feet", "inches"),
    ("dollars", "euros", "pounds"),
    ("million", "billion"),
    ("kg", "grams", "tonnes"),
    ("%", " percent", " dollars"),
    ("$", "€", "£"),
)
_NUMERAL = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|several|many)"
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-zß-ÿ]{2,}(?: (?:of |the )?[A-Z][a-zß-ÿ]+)*|[A-Z]{2,6})\b")
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|can|may|must|should|would|could|has been|have been)\b(?! not\b)")
_NOT = re.compile(r" (?:not|never)\b")

Corruption = Callable[[str, random.Random, Sequence[str]], str | None]


def number(sentence: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Another number of the same shape: one digit is another one."""
    found = list(_NUMBER.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    digits = [at for at, character in enumerate(match.group()) if character.isdigit()]
    at = chance.choice(digits)
    old = match.group()[at]
    new = chance.choice([digit for digit in "123456789" if digit != old])
    return _put(sentence, match.start() + at, match.start() + at + 1, new)


def unit(sentence: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Another unit of the same kind behind (or, for money, before) the same number."""
    places = []
    for group in _UNITS:
        for name in group:
            if name in ("$", "€", "£"):
                pattern = rf"{re.escape(name)}(?=\d)"
            elif name == "%":
                pattern = r"(?<=\d)%"
            else:
                pattern = rf"(?<=\b){_NUMERAL}[ -]({re.escape(name.strip())})\b"
            for match in re.finditer(pattern, sentence):
                start, end = match.span(1) if match.re.groups else match.span()
                places.append((start, end, [other for other in group if other != name]))
    if not places:
        return None
    start, end, others = chance.choice(places)
    return _put(sentence, start, end, chance.choice(others))


def entity(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Another name of the same collection in the place of one."""
    found = list(_NAME.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    others = [name for name in names if not set(name.split()) & set(sentence.split())]
    return _put(sentence, match.start(), match.end(), chance.choice(others)) if others else None


def negation(sentence: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """A denial taken out, or one put behind an auxiliary verb."""
    if match := _NOT.search(sentence):
        return _put(sentence, match.start(), match.end(), "")
    found = list(_AUXILIARY.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    first = match.group().split()[0]
    return _put(sentence, match.start() + len(first), match.start() + len(first), " not")


def splice(sentence: str, chance: random.Random, others: Sequence[str]) -> str | None:
    """The beginning of one sentence and the end of another one of the same document."""
    words = sentence.split()
    other = chance.choice(others).split() if others else []
    if len(words) < 10 or len(other) < 10:
        return None
    return " ".join(words[: len(words) // 2] + other[len(other) // 2 :])


def entities(sentences: Sequence[str]) -> list[str]:
    """The names that stand inside sentences, each once."""
    found = {match.group() for sentence in sentences for match in _NAME.finditer(sentence)}
    return sorted(name for name in found if name.lower() not in FUNCTION_WORDS)


def reset(sentence: str, chance: random.Random) -> str:
    """The same sentence as a model may set it: other quotation marks and dashes, case, line breaks, emphasis."""
    changed = sentence.translate(str.maketrans({"'": "’", '"': "”", "–": "-", "—": "-"}))
    words = changed.split(" ")
    at = chance.randrange(len(words))
    words[at] = chance.choice([f"**{words[at]}**", words[at].upper(), f"{words[at]}\n", words[at]])
    return " ".join(words)


def _put(text: str, start: int, end: int, replacement: str) -> str:
    return text[:start] + replacement + text[end:]
