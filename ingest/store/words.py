"""The words of a text, for an index that knows words only where spaces stand.

Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese are written without spaces between words, so that a tokenizer
sees one long word. Their runs become overlapping pairs of characters, the usual answer (Lucene's CJKBigramFilter):
any word of two characters is then found, and any single character as the beginning of a pair.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from unicodedata import category, ucd_3_2_0

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul: spaced, but particles are glued to words
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_UNFIT = re.compile("[\0\ud800-\udfff]")  # SQLite's text ends at NUL and must be Unicode
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


def indexed(text: str) -> str:
    """The text as it goes into a keyword index. The same text gives the same words under every version of Python."""
    return text.replace("\0", " ") if text.isascii() else _RUN.sub(_pairs, normalised(text))


def normalised(text: str) -> str:
    """Full-width letters, ligatures and the like as plain ones; by the frozen tables of Unicode 3.2."""
    return ucd_3_2_0.normalize("NFKC", _UNFIT.sub(" ", text))


def name_words(uri: str) -> str:
    """The words of a file's name: "AnnualReport2023-final.pdf" is Annual, Report, 2023, final."""
    return indexed(_JOINT.sub(" ", PurePath(uri).stem))


def runs(text: str) -> list[tuple[str, bool]]:
    """The text cut into stretches, each with whether it is written without spaces."""
    pieces = []
    end = 0
    for match in _RUN.finditer(text):
        pieces += [(text[end : match.start()], False), (match.group(), True)]
        end = match.end()
    return [*pieces, (text[end:], False)]


def spaced_words(text: str) -> list[str]:
    """The words of a text that is written with spaces: letters, digits and the marks that belong to them."""
    return "".join(character if category(character)[0] in "LNM" else " " for character in text).split()


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    return " " + " ".join(run[start : start + 2] for start in range(len(run))) + " "
