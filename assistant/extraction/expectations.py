"""What kind of thing a question asks for, and whether a sentence holds one that the question does not name itself.

The kinds are the coarse ones of question classification (Li & Roth 2002, https://aclanthology.org/C02-1150) that a
pattern can recognise: person or organisation, place, date, number, money.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.extraction.words import content_words

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_PERIODS = "century|centuries|decade|era|year|month|week|day|hour|minute|spring|summer|autumn|winter|morning|evening"
_NUMBER_WORDS = (
    "no|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|"
    "once|twice|first|second|third|quarter|several|percent"
)

_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-ZÀ-Þ][\w'’-]+")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|through|across|of|on)\s+(?:the\s+)?[A-ZÀ-Þ]"
    r"|\b(?:north|south|east|west|city|country|river|located|region|area|coast|street|avenue)\b"
)
_DATE = re.compile(
    rf"\b(?:1\d{{3}}|20\d{{2}})s?\b|\b(?:{_MONTHS}|{_DAYS}|{_PERIODS})s?\b|\b(?:annual|dai|week|month)l?ly\b|\btoday\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"\d[\d.,]*|\b(?:{_NUMBER_WORDS})s?\b", re.IGNORECASE)
_MONEY = re.compile(
    r"[$€£¥]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:dollars|euros|pounds|cents|percent|usd|eur|million|billion)\b|\d\s?%",
    re.IGNORECASE,
)

_AMOUNT = r"cost|price|fee|salary|wage|copay\w*|deductible|premium|amount|budget"
_WHICH = r"(?:what|which)"
_ASKS = (  # tried in this order
    (rf"\bhow (?:much|expensive)\b|\b{_WHICH} (?:is|are|was|were) the (?:[\w-]+ ){{0,3}}(?:{_AMOUNT})s?\b", _MONEY),
    (
        r"\bhow (?:many|long|far|tall|high|deep|big|large|fast|often|old|wide|heavy)\b"
        rf"|\b{_WHICH} (?:percent\w*|number|proportion|fraction|age|size|height|length|distance|speed|population|share|"
        r"rate)\b",
        _NUMBER,
    ),
    (
        r"^\W*when\b|\bwhen (?:was|is|did|were|does|will|do|are|has)\b"
        rf"|\b{_WHICH} (?:year|date|day|month|century|decade|time|era|period)\b",
        _DATE,
    ),
    (
        rf"\bwho(?:m|se)?\b|\b{_WHICH} (?:person|people|president|king|queen|actor|actress|player|author|singer|leader|"
        r"company|organi[sz]ation|team|group|man|woman|scientist|general)\b",
        _NAME,
    ),
    (rf"\bwhere\b|\b{_WHICH} (?:city|country|state|place|location|region|area|continent|river|county|town)\b", _PLACE),
)
_QUESTIONS = tuple((re.compile(asks, re.IGNORECASE), answer) for asks, answer in _ASKS)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What would answer a question: a pattern, and the question's own content words, which answer nothing.

    `answer` is None when the question asks for nothing that a pattern recognises.
    """

    answer: re.Pattern[str] | None
    known: frozenset[str]

    def met_by(self, sentence: str) -> float:
        """1 when the sentence holds what is asked for, -1 when not, 0 when nothing can be told."""
        if self.answer is None:
            return 0.0
        for match in self.answer.finditer(sentence):
            words = content_words(match.group())
            if not words or any(word not in self.known for word in words):
                return 1.0
        return -1.0


def expectation(question: str) -> Expectation:
    answer = next((answer for asks, answer in _QUESTIONS if asks.search(question)), None)
    return Expectation(answer, frozenset(content_words(question)))
