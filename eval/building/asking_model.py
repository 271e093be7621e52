"""Questions that a language model writes about a passage. Only those are kept whose answer stands in the passage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.control_tokens import neutralise
from assistant.prompts import fenced, fill

if TYPE_CHECKING:
    from assistant.protocols import LLM

INSTRUCTIONS = """\
Write one question that a person could ask without seeing the passage below, and that the passage answers.
Name what you ask about. Give the answer in the words of the passage, as short as possible. Write exactly two lines:
Question: When does the office close?
Answer: at six"""
_WRITTEN = re.compile(r"(?:Question:)?\s*(?P<question>[^\n]+\?)\s*\n+\s*Answer:\s*(?P<answer>[^\n]+)")


def written_question(llm: LLM, passage: str) -> tuple[str, str] | None:
    """A question and its answer, or None when the model gave none whose answer stands in the passage word for word."""
    profile = llm.profile
    shown = fenced([neutralise(passage, profile.control_tokens)])
    prompt = fill(profile.template, f"{INSTRUCTIONS}\n\n{shown}\n\nQuestion:")
    found = _WRITTEN.search(llm.complete(prompt).text)
    if not found:
        return None
    answer = found["answer"].strip().rstrip(".")
    folded = " ".join(passage.split()).casefold()
    return (found["question"].strip(), answer) if answer and answer.casefold() in folded else None
