"""Whether a model's words are a refusal: the sentence that it was told to refuse with, or one of its own."""

from __future__ import annotations

import re

from assistant.prompts import REFUSAL

_MARKERS = re.compile(r"\[[^\]]*\]")
_SUBJECT = (
    r"(?:the |these |those |any of the |none of the )?(?:given |provided |numbered )?"
    r"(?:documents?|passages?|text|context|sources?|information|material)(?: (?:above|provided|given|here))?"
)
_SAYS = (
    r"(?:answers?|contains?|mentions?|provides?|says?|states?|specif(?:y|ies)|includes?|holds?|tells?|address(?:es)?"
    r"|discuss(?:es)?)"
)
_OWN_WORDS = re.compile(
    rf"(?:(?:i am |i'm )?sorry,? )?(?:but )?(?:unfortunately,? )?(?:based on {_SUBJECT},? )?"
    rf"(?:{_SUBJECT} (?:do|does|did) ?n[o']t {_SAYS}\b"
    rf"|there is no (?:information|mention|answer|passage)\b"
    rf"|(?:i|we) (?:cannot|can't|could not|couldn't|am unable to|do not|don't) (?:find|answer|determine|know|tell)\b"
    rf"|(?:it is|this is) not (?:mentioned|stated|specified|answered)\b"
    rf"|none of {_SUBJECT} {_SAYS}\b)",
    re.IGNORECASE,
)


def refuses(text: str) -> bool:
    """Whether an answer begins with a refusal and says nothing else: one that goes on with a sentence that is cited
    answers in part."""
    wanted, said = (_words(each) for each in (REFUSAL, text))
    if said.startswith(wanted):
        return True
    tidy = " ".join(text.replace("’", "'").split())
    return bool(_OWN_WORDS.match(tidy)) and not _MARKERS.search(tidy)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
