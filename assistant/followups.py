"""Follow-up questions: what to search for when a question leans on the ones before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answers import Turn
from assistant.control_tokens import neutralise
from assistant.prompts import fill

if TYPE_CHECKING:
    from assistant.protocols import LLM

# Words that point back, and openings that continue. A question with neither stands on its own.
_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|one|ones|same|such)\b", re.I
)
_CONTINUES = re.compile(r"^\s*(and|but|or|so|also|what about|how about|what if|why( not)?\s*\??$|when\s*\??$)\b", re.I)
_WORD = re.compile(r"\w{3,}")
SHORT_WORDS = 3  # "And for part-timers?" names too little to be searched for alone

TURNS = 3  # the latest, which are shown to the model
ANSWER_CHARACTERS = 400  # of each answer in them
REWRITTEN_TOKENS = 64
REWRITTEN_CHARACTERS = 400  # a longer one is no question

# Examples, not rules: small models go on with a pattern more surely than they obey.
_REWRITE = """\
Write the last question so that it can be understood without the conversation. Change nothing else.

Earlier question: How long is the warranty of the X200?
Earlier answer: The warranty of the X200 is 24 months.
Last question: And the X300?
Complete question: How long is the warranty of the X300?

Earlier question: Who signs travel requests?
Earlier answer: The head of the department signs them.
Last question: What is the deductible of the health plan?
Complete question: What is the deductible of the health plan?

{conversation}
Last question: {question}
Complete question:"""


def leans(question: str) -> bool:
    """Whether a question points back to what was said before, by its words or by being very short."""
    return bool(
        _POINTS_BACK.search(question) or _CONTINUES.search(question) or len(_WORD.findall(question)) <= SHORT_WORDS
    )


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question as it should be searched for: with the previous question in front when it leans on it.

    Without a model no word is guessed: both questions are searched together, and the person is shown that.
    """
    return f"{history[-1].question} {question}" if history and leans(question) else question


def rewritten(question: str, history: Sequence[Turn], llm: LLM) -> str:
    """The question as the model completes it from the conversation; one that leans on nothing is left alone.

    What the model gives counts only if it is one line and says something; else the words are carried over as without
    a model. Raises the `ModelError`s of `llm`.
    """
    if not history or not leans(question):
        return question
    profile = llm.profile
    control = profile.control_tokens
    conversation = "\n".join(
        f"Earlier question: {neutralise(turn.question, control).strip()}\n"
        f"Earlier answer: {_shortened(neutralise(turn.answer, control))}"
        for turn in history[-TURNS:]
    )
    asked = _REWRITE.replace("{conversation}", conversation).replace(
        "{question}", neutralise(question, control).strip()
    )
    sampling = replace(profile.sampling, max_tokens=REWRITTEN_TOKENS, temperature=0.0, top_p=None, typical_p=None)
    completion = llm.complete(fill(profile.template, asked), sampling)
    line, *more = completion.text.strip().splitlines() or [""]
    ended = bool(more) or completion.finish == "stop"
    said = re.sub(r"^complete question:\s*", "", line, flags=re.IGNORECASE).strip(" \"'")
    return said if ended and said and len(said) <= REWRITTEN_CHARACTERS else standalone(question, history)


def _shortened(answer: str) -> str:
    words = " ".join(answer.split())
    return words if len(words) <= ANSWER_CHARACTERS else words[:ANSWER_CHARACTERS].rpartition(" ")[0] + " …"
