"""How well the text of a page reads: fonts that do not say their letters, words that run together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

GOOD = 0.7  # a score below is looked into; listings of macros come down to 0.78
ENOUGH_WORDS = 20  # for a judgement about words
LONG_WORD = 24  # letters; German compounds reach it, and are few
_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(rf"[^\W\d_]{{{LONG_WORD},}}")
VOWELS = 0.22  # of the letters; English has 0.38, Czech 0.4
_PIERCED = re.compile(r"[^\W\d_][\d\\@^_#$%&*+<=>|~]+[^\W\d_]")
_VOWELS = frozenset("aeiouyаеёиоуыэюяіїєαεηιουω")
_JUNK = frozenset({"Co", "Cn", "Cc", "Cs"})  # private use, unassigned, control, surrogate


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares in [0, 1]: of `unreadable` characters, of letters in `glued` words, of `garbled` words."""

    unreadable: float = 0.0
    glued: float = 0.0
    garbled: float = 0.0

    @property
    def score(self) -> float:
        """1 reads well, 0 not at all."""
        return (1 - self.unreadable) * (1 - self.glued) * (1 - self.garbled)

    @property
    def is_good(self) -> bool:
        return self.score >= GOOD

    @property
    def fault(self) -> str:
        """What is most wrong, in words."""
        faults = {
            f"{self.unreadable:.0%} of its characters stand for no letter": self.unreadable,
            f"{self.glued:.0%} of its letters stand in words that run together": self.glued,
            f"{self.garbled:.0%} of its words are none: its font does not say which letters it holds": self.garbled,
        }
        return max(faults, key=lambda fault: faults[fault])


def judge(text: str) -> Quality:
    """The quality of a page's text. A page of few words is judged by its characters alone."""
    seen = [character for character in text if not character.isspace()]
    if not seen:
        return Quality()
    unreadable = sum(map(_is_junk, seen)) / len(seen)
    words = [word for word in _WORD.findall(text) if word.isascii() or _has_case(word)]
    if len(words) < ENOUGH_WORDS and not _RUN.search(text):
        return Quality(unreadable)
    letters = sum(map(len, words))
    glued = sum(len(run) for run in _RUN.findall(text) if _has_case(run)) / max(1, letters)
    return Quality(unreadable, min(1.0, glued), _garbled(words, text) if len(words) >= ENOUGH_WORDS else 0.0)


def _is_junk(character: str) -> bool:
    return character == "\ufffd" or (unicodedata.category(character) in _JUNK and character != "\ufffe")


def _has_case(word: str) -> bool:
    return word.upper() != word.lower()


def _garbled(words: list[str], text: str) -> float:
    """Of words in letters that have vowels, how many have none; what a shifted alphabet leaves (“7KH FRPSDQ\\”).

    Of any text some words have none, abbreviations say: the first fifth counts for nothing, and nothing counts while
    vowels are as many as in a language.
    """
    long = [_plain(word) for word in words if len(word) >= 3 and _script_has_vowels(word)]
    letters = "".join(long)
    if len(long) < ENOUGH_WORDS / 2 or sum(map(letters.count, _VOWELS)) >= VOWELS * len(letters):
        return 0.0
    without = sum(1 for word in long if not _VOWELS & set(word)) / len(long)
    pierced = len(_PIERCED.findall(text)) / len(words)
    return min(1.0, max(0.0, without + pierced - 0.2) * 1.25)


def _script_has_vowels(word: str) -> bool:
    return unicodedata.name(word[0], "").startswith(("LATIN", "CYRILLIC", "GREEK"))


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
