"""Numbers of a sheet as a person sees them: 45292 is "2024-01-01" and 0.125 is "12.5%" where their formats say so.

Of a format code (ECMA-376 part 1, 18.8.31) only what makes another value of a number is followed: whether it is a date,
a time or a share, decimals, separators, and text around it. Dates are written as ISO 8601 has them, whatever their
format, so that they read the same in every country.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

# Formats that a file may use without writing them down (18.8.30); 14 to 22 and 45 to 47 are dates and times.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss",
}  # fmt: skip
EPOCH = datetime(1899, 12, 30)  # day 0, which makes every day after February 1900 right
EPOCH_1904 = datetime(1904, 1, 1)  # of workbooks begun on old Macs
LAST_DAY = 2_958_465  # 9999-12-31
DIGITS = 10  # of a fraction in the general format, as many as Excel shows where the column has room
WHOLE = 1e15  # below it whole numbers are kept exactly

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_DIGITS = re.compile(r"[#0?][#0?,]*(\.[#0?]*)?")


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a format code does to a number. `kind` is "number", "date" or "elapsed" (hours that may pass 24)."""

    kind: str = "number"
    days: bool = False
    clock: bool = False
    decimals: int | None = None  # None: as many as there are
    separators: bool = False
    percent: bool = False
    before: str = ""
    after: str = ""


def shown(value: str, form: NumberFormat, *, since_1904: bool = False) -> str:
    """The stored text of a number as it is shown; as it stands where it is none, or no date of the calendar."""
    try:
        number = float(value)
        return _date(number, form, since_1904) if form.kind != "number" else _number(number, form)
    except (ValueError, OverflowError):
        return value


@cache
def parsed(code: str) -> NumberFormat:
    """The format of positive numbers, which is the first section of a code."""
    first = _SECTION.match(code)
    section = first[0] if first else ""
    bare = _LITERAL.sub("", section)
    letters = bare.lower().replace("general", "").replace("am/pm", "h").replace("a/p", "h")
    if _ELAPSED.search(letters):
        return NumberFormat("elapsed")
    if re.search(r"[ymdhs]", letters) and not re.search(r"[#?]", letters):
        clock = bool(re.search(r"[hs]", letters))
        return NumberFormat("date", days=bool(re.search(r"[yd]|mmm", letters)) or not clock, clock=clock)
    return _number_format(section)


def code_of(identifier: str, codes: Mapping[str, str]) -> str:
    """The code of a format by its number: one of the file's own, or a built-in one; "" for the general format."""
    return codes.get(identifier) or BUILT_IN.get(int(identifier) if identifier.isdecimal() else 0, "")


def _number_format(section: str) -> NumberFormat:
    text = _LITERAL.sub(lambda match: match[1] or match[2] or match[3] or "", section)
    digits = _DIGITS.search(text)
    if digits is None or "E+" in text.upper() or "/" in text:
        return NumberFormat()
    fraction = digits[1] or "."
    return NumberFormat(
        decimals=len(fraction) - 1,
        separators="," in digits[0].rstrip(","),
        percent="%" in text,
        before=text[: digits.start()].lstrip(),
        after=text[digits.end() :].replace("%", "").rstrip(),
    )


def _number(number: float, form: NumberFormat) -> str:
    number *= 100 if form.percent else 1
    if form.decimals is None:
        text = str(int(number)) if abs(number) < WHOLE and number.is_integer() else f"{number:.{DIGITS}g}"
    else:
        text = f"{abs(number):{',' if form.separators else ''}.{form.decimals}f}"
        text = f"{'-' if number < 0 else ''}{form.before}{text}"
    return f"{text}{'%' if form.percent else ''}{form.after if form.decimals is not None else ''}"


def _date(number: float, form: NumberFormat, since_1904: bool) -> str:
    if not 0 <= number <= LAST_DAY:
        raise ValueError
    if form.kind == "elapsed":
        seconds = round(number * 86_400)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    moment = (EPOCH_1904 if since_1904 else EPOCH) + timedelta(seconds=round(number * 86_400))
    if not since_1904 and 1 <= number < 60:  # Excel has a 29 February in 1900, after which its days count one more
        moment += timedelta(days=1)
    clock = moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
    if not form.days:
        return clock
    return f"{moment:%Y-%m-%d} {clock}" if form.clock else f"{moment:%Y-%m-%d}"
