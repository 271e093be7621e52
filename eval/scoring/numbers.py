"""Numbers in answers: the first or last whole number, and quantities with a unit and a tolerance."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = re.compile(r"\d+")
_QUANTITY = re.compile(
    r"(?P<currency>[$€£¥])?\s*(?P<number>[-−]?(?:\d{1,3}(?:[,  ]\d{3})+(?!\d)|\d+)(?:\.\d+)?|[-−]?\.\d+)"
    r"\s*(?P<scale>thousand|million|billion|trillion|bn|[mkMK](?![A-Za-z]))?\s*(?P<unit>%|[A-Za-zµ°€$£]+)?"
)
_SCALES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
_UNITS = {
    "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "€": "eur", "eur": "eur", "euro": "eur",
    "euros": "eur", "£": "gbp", "gbp": "gbp", "¥": "jpy", "%": "%", "percent": "%", "percentage": "%",
    "day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month",
    "year": "year", "years": "year", "hour": "hour", "hours": "hour", "h": "hour", "minute": "minute",
    "minutes": "minute", "min": "minute", "second": "second", "seconds": "second", "s": "second",
    "km": "km", "kilometers": "km", "kilometres": "km", "m": "m", "meter": "m", "meters": "m", "metres": "m",
    "kg": "kg", "kilograms": "kg", "g": "g", "grams": "g", "mb": "mb", "gb": "gb", "kb": "kb", "tokens": "token",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, "" where it has none that is known."""

    value: float
    unit: str


def last_integer(text: str) -> int | None:
    """The last run of digits, as LongEval's line retrieval parses an answer (Li et al. 2023); None without one."""
    found = _DIGITS.findall(text)
    return int(found[-1]) if found else None


def first_integer(text: str) -> int | None:
    """The first run of digits, as the passkey test parses an answer (arXiv:2305.16300); None without one."""
    found = _DIGITS.search(text)
    return int(found[0]) if found else None


def quantities(text: str) -> list[Quantity]:
    """Every number in the text, scaled ("1.2 million"), with its unit."""
    return [_quantity(found) for found in _QUANTITY.finditer(text)]


def numeric(text: str, answer: str, tolerance: float = 0.01) -> float | None:
    """1 when the text states the answer's quantity within a relative tolerance, else 0; None when it has no number.

    |x − a| ≤ tolerance · |a|, and where both have a unit it must be the same. A year or page that is also in the
    text does no harm: any of its numbers may be the answer. Raises `ValueError` for an answer without a number.
    """
    wanted = quantities(answer)
    if not wanted:
        raise ValueError(f"The right answer {answer!r} holds no number.")
    said = quantities(text)
    if not said:
        return None
    return float(any(_equal(quantity, wanted[0], tolerance) for quantity in said))


def _quantity(found: re.Match[str]) -> Quantity:
    digits = re.sub(r"[,  ]", "", found["number"]).replace("−", "-")
    scale = _SCALES[found["scale"].lower()] if found["scale"] else 1.0
    unit = found["currency"] or (found["unit"] or "").lower()
    return Quantity(float(digits) * scale, _UNITS.get(unit, ""))


def _equal(said: Quantity, wanted: Quantity, tolerance: float) -> bool:
    if said.unit and wanted.unit and said.unit != wanted.unit:
        return False
    return abs(said.value - wanted.value) <= tolerance * abs(wanted.value) + 1e-12
