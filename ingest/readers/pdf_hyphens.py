"""Words that were broken at the end of a line: was the hyphen part of the word, or put there by the typesetter?"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ingest.readers.pdf_parts import HYPHEN

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"\w+(?:-\w+)*")
_BROKEN = re.compile(rf"(\w*){HYPHEN}(\w*)")


class Hyphens:
    """Decides by how the document itself writes the word elsewhere ("long-term", "information").

    Where it writes neither, the hyphen stays between two words that both stand alone elsewhere ("cutting-edge") and
    before a capital or a digit ("COVID-19"); else it was the typesetter's ("infor-mation").
    """

    def __init__(self, lines: Iterable[str]) -> None:
        lines = list(lines)
        self._seen: Counter[str] = Counter()
        if any(HYPHEN in line for line in lines):
            whole = (_BROKEN.sub(" ", line) for line in lines)  # the halves of a broken word are no evidence
            self._seen.update(word.lower() for line in whole for word in _WORD.findall(line))

    def joined(self, line: str) -> str:
        """`line` with each broken word as one."""
        return _BROKEN.sub(self._join, line) if HYPHEN in line else line

    def _join(self, broken: re.Match[str]) -> str:
        left, right = broken[1], broken[2]
        return f"{left}-{right}" if self._belongs(left, right) else left + right

    def _belongs(self, left: str, right: str) -> bool:
        if not left or not right or right[0].isupper() or right[0].isdigit():
            return True
        whole, compound = f"{left}{right}".lower(), f"{left}-{right}".lower()
        if self._seen[whole] != self._seen[compound]:
            return self._seen[compound] > self._seen[whole]
        return self._seen[left.lower()] > 0 and self._seen[right.lower()] > 0
