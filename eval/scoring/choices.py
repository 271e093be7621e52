"""Which lettered choice an answer names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.samples import LETTERS
from eval.scoring.text import normalised

_ALONE = re.compile(r"\W*([A-Z])\W*\Z|\W*\(([A-Z])\)|\W*([A-Z])[).:,\n]")
_STATED = re.compile(
    r"(?i:\b(?:answer|choice|option)\b(?:\s+(?:is|would be|was))?|\bchoose\b|\bselect\b)[\s:*\"'(]*([A-Z])\b"
)
_ANYWHERE = re.compile(r"\(([A-Z])\)")


def chosen(text: str, choices: Sequence[str] | int) -> str | None:
    """The letter of the choice that the text names, or None: an unparsed answer is not a wrong one.

    In this order: a letter at the beginning, "the answer is X", a letter in parentheses, the text of exactly one
    choice. `choices` may be their number where their texts are not known.
    """
    number = choices if isinstance(choices, int) else len(choices)
    allowed = LETTERS[:number]
    for pattern in (_ALONE, _STATED, _ANYWHERE):
        found = pattern.match(text) if pattern is _ALONE else pattern.search(text)
        letter = next(filter(None, found.groups()), "") if found else ""
        if letter and letter in allowed:
            return letter
    if isinstance(choices, int):
        return None
    said = f" {normalised(text)} "
    named = [place for place, choice in enumerate(choices) if normalised(choice) and f" {normalised(choice)} " in said]
    return allowed[named[0]] if len(named) == 1 else None
