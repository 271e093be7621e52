"""`[n]` in a model's answer: read, and taken out of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_RANGE = 20  # passages that "[3-40]" names at most

# "[2]", "[1, 3]", "[2-4]"; weak models also write "[Passage 2]", "[1][2]" run together, and the page behind the number.
_NUMBERS = r"\d{1,3}(?:\s*(?:[,;&–-]|and)\s*\d{1,3})*"
_MARKER = re.compile(
    rf"[ \t]*\[\s*(?:(?:passages?|sources?|documents?|no\.?|#|\^)\s*)?({_NUMBERS})\s*"
    r"(?:,\s*(?:page|p\.)[^\[\]\n]{1,40})?\]"
    r"(?!\()",  # "[1](https://…)" is a link
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\d+|[–-]")


@dataclass(frozen=True, slots=True)
class Mark:
    """Passage numbers that were written at a place of the text without markers."""

    at: int
    numbers: tuple[int, ...]


def unmarked(answer: str) -> tuple[str, list[Mark]]:
    """The answer without markers and surrounding white space, and where they stood in it.

    Listings of code keep theirs: `array[0]` and `[1]` are code there.
    """
    kept: list[str] = []
    marks: list[Mark] = []
    end = length = 0
    for match in _MARKER.finditer(answer):
        if _is_subscript(answer, match):
            continue
        kept.append(answer[end : match.start()])
        length += len(kept[-1])
        marks.append(Mark(length, numbers(match[1])))
        end = match.end()
        if answer[end : end + 1].isalnum() and not answer[match.start()].isspace():  # "weeks.[1]It is paid"
            kept.append(" ")
            length += 1
    text = "".join([*kept, answer[end:]])
    indent = len(text) - len(text.lstrip())
    return text.strip(), [Mark(max(0, mark.at - indent), mark.numbers) for mark in marks]


def numbers(marked: str) -> tuple[int, ...]:
    """Of "1, 3" both; of "2-4" the two and what lies between."""
    found: list[int] = []
    through = False
    for part in _BETWEEN.findall(marked):
        if not part.isdigit():
            through = True
        elif through and found:
            found.extend(range(found[-1] + 1, min(int(part), found[-1] + LONGEST_RANGE) + 1))
            through = False
        else:
            found.append(int(part))
    return tuple(found)


def _is_subscript(answer: str, match: re.Match[str]) -> bool:
    """Whether the brackets stand in a fenced listing, or inside a pair of backticks."""
    before = answer[: match.start()]
    return before.count("```") % 2 == 1 or before[before.rfind("\n") + 1 :].replace("```", "").count("`") % 2 == 1
