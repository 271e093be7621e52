"""Dates as people write them: "5 March 2020", "March 5, 2020", "5.3.2020", "2020-03-05", "March 2020"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = "January February March April May June July August September October November December".split()
_NUMBERS = {month[:3].lower(): number for number, month in enumerate(_MONTHS, start=1)}
_SPELLINGS = [spelling for month in _MONTHS for spelling in (month, month.upper(), month[:3], month[:3].upper())]
_MONTH = rf"(?P<month>{'|'.join(sorted(['Sept', *_SPELLINGS], key=len, reverse=True))})\b\.?"  # "5 may be" is no date
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_YEAR}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})\b",
        rf"\b{_DAY}(?:\s+of)?\s+{_MONTH},?(?:\s+{_YEAR}\b)?",
        rf"\b{_MONTH}\s+{_DAY}\b(?!\.\d)(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b(?P<one>\d{{1,2}})[./](?P<two>\d{{1,2}})[./]{_YEAR}\b",
    )
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as `written`, and the (year, month, day) that it may mean; 0 for what it leaves open."""

    written: str
    readings: frozenset[tuple[int, int, int]]

    def agrees(self, other: Date) -> bool:
        """Whether nothing that both tell differs, and the other tells all that this one does."""
        return any(
            all(mine in (0, theirs) for mine, theirs in zip(own, found, strict=True))
            for own in self.readings
            for found in other.readings
        )


def dates(text: str) -> tuple[Date, ...]:
    """The dates of a text, none inside another one."""
    found: list[tuple[int, int, Date]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            taken = any(match.start() < end and start < match.end() for start, end, _ in found)
            if not taken and (readings := frozenset(_readings(match))):
                found.append((match.start(), match.end(), Date(match.group().strip(), readings)))
    return tuple(date for _, _, date in sorted(found, key=lambda each: each[0]))


def _readings(match: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    parts = match.groupdict()
    year = int(parts.get("year") or 0)
    if parts.get("one"):  # the day first, or the month
        one, two = int(parts["one"]), int(parts["two"])
        candidates = {(year, two, one), (year, one, two)}
    else:
        month = parts["month"]
        number = int(month) if month.isdigit() else _NUMBERS[month[:3].lower()]
        candidates = {(year, number, int(parts.get("day") or 0))}
    for year, month, day in candidates:
        if 1 <= month <= 12 and day <= 31:
            yield year, month, day
