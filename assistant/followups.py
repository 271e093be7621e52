"""Follow-up questions: what to search for when a question leans on the ones before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answers import Turn

# Words that point back, and openings that continue. A question with neither stands on its own.
_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|one|ones|same|such)\b", re.I
)
_CONTINUES = re.compile(r"^\s*(and|but|or|so|also|what about|how about|what if|why( not)?\s*\??$|when\s*\??$)\b", re.I)
_WORD = re.compile(r"\w{3,}")
SHORT_WORDS = 3  # "And for part-timers?" names too little to be searched for alone


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question as it should be searched for: with the previous question in front when it leans on it.

    Without a model no word is guessed: both questions are searched together, and the person is shown that.
    """
    if not history:
        return question
    leans = _POINTS_BACK.search(question) or _CONTINUES.search(question) or len(_WORD.findall(question)) <= SHORT_WORDS
    return f"{history[-1].question} {question}" if leans else question
