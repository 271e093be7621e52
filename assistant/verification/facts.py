"""The facts of a text that can be compared one by one: numbers with their units, dates, names, negations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from assistant.extraction.words import FUNCTION_WORDS, content_words
from assistant.verification.dates import Date, dates

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
NUMBER_WORDS: Mapping[str, int] = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: 10 * tens for tens, word in enumerate(_TENS, start=2)},
    **_SCALES,
}
_UNITS = (
    "% percent pct|$ dollar usd|€ euro eur|£ pound gbp|¥ yen jpy|cent|second sec s|minute min|hour hr h|day d|week wk|"
    "fortnight|month mo|quarter|year yr y|decade|century centurie|km kilometre kilometer|m metre meter|cm centimetre "
    "centimeter|mm millimetre millimeter|mile mi|foot feet ft|inch inche|yard yd|kg kilogram kilo|g gram|mg milligram|"
    "tonne ton t|lb|ounce oz|litre liter l|ml millilitre milliliter|gallon|hectare ha|acre|°c celsius|°f fahrenheit|"
    "kwh|kw kilowatt|mw megawatt|gw gigawatt|watt w|volt v|hz hertz|khz|mhz|ghz|byte b|kb|mb|gb|tb|bit|km/h kph|mph|"
    "million|billion|trillion|thousand|hundred|mach|knot|degree °|pixel px|point|page|person people|employee|time"
)
_UNIT = {name: group.split()[0] for group in _UNITS.split("|") for name in group.split()}

_DIGITS = re.compile(
    r"(?P<money>[$€£¥]|\b(?:USD|EUR|GBP)\s)?\s?(?<![\w.])(?P<sign>[-−](?=\d))?(?P<number>\d+(?:[.,:/]\d+)*)"
    r"(?P<tail>(?:st|nd|rd|th)\b)?"
    r"(?:\s?[-–]?\s?(?P<unit>%|°[CF]?|[€$£¥]|[A-Za-zµ]+(?:/h)?\b))?"
)
_WORDED = re.compile(
    rf"\b(?P<words>(?:{'|'.join(NUMBER_WORDS)})(?:[-\s](?:and\s)?(?:{'|'.join(NUMBER_WORDS)}))*)s?\b"
    r"(?:[-\s](?P<unit>[A-Za-z]+))?",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|nowhere|neither|nor|cannot|without|exclu\w+|unable|except|excepting|"
    r"lacks?|lacking|fails? to|failed to|refus\w+|den(?:y|ies|ied)|prohibit\w*|forb[ia]d\w*|non(?=[-\s]))\b|n['’]t\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b(?:[A-ZÀ-Þ][\w'’]*[\w]|[A-Z])\b|\b\w*[a-zß-ÿ][A-Z]\w*\b|\b[A-Za-z]+\d\w*\b")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(]|^\W+)\Z")
_ALL_CAPITALS = 0.6  # share of capitals above which a text is set in them, and capitals tell no names


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as `written`, the values that it may mean ("1.000" is a thousand or one), and its unit, "" for none."""

    written: str
    values: frozenset[Decimal | str]
    unit: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says that can be compared; `words` are its content words."""

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    names: tuple[str, ...]
    negations: tuple[str, ...]
    words: frozenset[str]


@lru_cache(maxsize=4096)
def facts(text: str) -> Facts:
    found = dates(text)
    undated = text
    for date in found:
        undated = undated.replace(date.written, " " * len(date.written), 1)
    return Facts(
        (*_in_digits(undated), *_in_words(undated)),
        found,
        tuple(names(undated)),
        tuple(match.group().lower() for match in NEGATION.finditer(text)),
        frozenset(content_words(text)),
    )


def names(text: str) -> Iterable[str]:
    """Words that are written as names. The first word of a sentence is one only where a second one follows it."""
    letters = [character for character in text if character.isalpha()]
    if not letters or sum(map(str.isupper, letters)) > _ALL_CAPITALS * len(letters):
        return []
    matches = list(_NAME.finditer(text))
    following = {match.start() for match in matches}
    found = []
    for match in matches:
        word = match.group()
        if (word.lower() in FUNCTION_WORDS and not (word.isupper() and len(word) > 1)) or word.lower() in NUMBER_WORDS:
            continue
        first = _SENTENCE_START.search(text[: match.start()])
        if first and word[1:].islower() and match.end() + 1 not in following:
            continue
        found.append(word)
    return dict.fromkeys(found)


def denies(text: str) -> bool:
    """Whether a text denies an odd number of times: "not without" affirms."""
    return len(NEGATION.findall(text)) % 2 == 1


def unit_of(word: str) -> str:
    """The unit that a word names in any of its spellings, "" for other words."""
    lower = word.lower()
    return _UNIT.get(lower) or (_UNIT.get(lower.removesuffix("s"), "") if len(lower) > 2 else "")


def _in_digits(text: str) -> Iterable[Quantity]:
    for match in _DIGITS.finditer(text):
        money = (match["money"] or "").strip()
        unit = unit_of(money) or unit_of(match["unit"] or "")
        yield Quantity(match.group().strip(), frozenset(_values(match["number"], match["unit"] or "")), unit)


def _in_words(text: str) -> Iterable[Quantity]:
    for match in _WORDED.finditer(text):
        words = match["words"].lower()
        unit = unit_of(match["unit"] or "")
        if words == "one" and not unit:
            continue  # "one of the rooms"
        if words in _SCALES and not unit and text[: match.start()].rstrip()[-1:].isdigit():
            continue  # "14 million" is read with its digits
        yield Quantity(match.group().strip(), frozenset({_spoken(words)}), unit)


def _values(number: str, unit: str) -> Iterable[Decimal | str]:
    """What a number in digits may mean; codes, times and fractions mean themselves."""
    if ":" in number or "/" in number:
        return [number]
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number)
    readings = {number.replace(",", "").replace(".", "")} if grouped else set()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d+", number):
        readings.add(number.replace(",", ""))
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", number):
        readings.add(number.replace(".", "").replace(",", "."))
    elif number.count(".") + number.count(",") <= 1:
        readings.add(number.replace(",", "."))
    if not readings:
        return [number]
    scale = _SCALES.get(unit.lower(), 1)
    try:
        values = [Decimal(reading) for reading in readings]
    except InvalidOperation:  # digits of other scripts that Decimal does not read
        return [number]
    return [value.normalize() for value in values] + [(value * scale).normalize() for value in values if scale > 1]


def _spoken(words: str) -> Decimal:
    """ "two hundred and five" → 205."""
    total = current = 0
    for word in re.split(r"[-\s]+", words):
        if word == "and":
            continue
        value = NUMBER_WORDS[word]
        if value == 100:
            current = max(1, current) * 100
        elif value >= 1000:
            total, current = total + max(1, current) * value, 0
        else:
            current += value
    return Decimal(total + current).normalize()
