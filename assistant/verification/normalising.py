"""The normalisation under which a sentence is searched for: what prints alike, or was only set otherwise, is alike.

- letters of either case, ligatures and wide forms, composed and decomposed accents (Unicode NFKD, case folded)
- any run of white space, line breaks and bars of table columns: one space
- hyphens between letters, at the end of a line or inside ("e-mail", "email"), soft hyphens, marks of no width: nothing
- quotation marks, apostrophes and dashes: one kind of each
- marks of emphasis around words ("**", "_", "`"): nothing

Superscripts and fractions stay what they are: 10² is not 102.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_PIECE = re.compile(
    r"(?P<plain>[!#$%&()+,./0-9:;<=>?@A-Z\[\\\]^a-z{}~]+)"
    r"|(?P<hyphen>(?<=[^\W\d_])(?:[-\u00ad\u2010\u2011\ufffe][ \t]*\n?[ \t]*|\u00ad)(?=[^\W\d_]))"
    r"|(?P<space>[\s|]+)"
    r"|(?P<emphasis>(?<!\w)[*_`]+(?=\S)|(?<=\S)[*_`]+(?!\w))"
    r"|(?P<other>.)",
    re.DOTALL,
)
_QUOTES = dict.fromkeys(map(ord, "'‘’‚‛′`´ʼ"), "'") | dict.fromkeys(map(ord, '"“”„‟″«»‹›'), '"')
_DASHES = dict.fromkeys(map(ord, "-‐‑‒–—―−"), "-")
_NOTHING = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe"), "")
_ALIKE = _QUOTES | _DASHES | _NOTHING
_COMPATIBLE = ("LATIN SMALL LIGATURE", "FULLWIDTH", "HALFWIDTH", "NO-BREAK", "MICRO SIGN")


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text`, and for each of its pieces where it begins there (`at`) and in the source (`starts`, `ends`).

    `whole[i]` says that piece i stands there character for character, so that offsets inside of it count alike.
    """

    text: str
    at: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    whole: tuple[bool, ...]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that was normalised to text[start:end], which is not empty."""
        return self._offset(start, last=False), self._offset(end - 1, last=True)

    def _offset(self, at: int, *, last: bool) -> int:
        piece = bisect_right(self.at, at) - 1
        if self.whole[piece]:
            return self.starts[piece] + at - self.at[piece] + last
        return self.ends[piece] if last else self.starts[piece]


@lru_cache(maxsize=512)
def normalised(text: str) -> Normalised:
    pieces: list[str] = []
    at: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    whole: list[bool] = []
    length = 0
    for match in _PIECE.finditer(text):
        written = _written(match)
        if not written:
            continue
        pieces.append(written)
        at.append(length)
        starts.append(match.start())
        ends.append(match.end())
        whole.append(match.lastgroup == "plain")
        length += len(written)
    return Normalised("".join(pieces), tuple(at), tuple(starts), tuple(ends), tuple(whole))


def _written(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "plain":
        return text.lower()
    if kind == "space":
        return " "
    return "" if kind in ("hyphen", "emphasis") else _folded(text)


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    alike = character.translate(_ALIKE)
    if not alike or alike != character:
        return alike
    name = unicodedata.name(character, "")
    form: Literal["NFKD", "NFD"] = "NFKD" if name.startswith(_COMPATIBLE) else "NFD"
    return unicodedata.normalize(form, unicodedata.normalize(form, character).casefold())
