"""A conversation as Markdown: questions, answers with numbered citations, and below each answer where they stand.

What documents, models and people wrote is data: no markup, link, picture or HTML of theirs is live in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from assistant.answers import Answer, Citation, Sentence
from ingest.places import place_name
from ingest.plain import plain

SIGNS = {"supported": "✓", "partly": "~", "not_found": "✗"}
LEGEND = "✓ stands in the document, ~ a part of it does, ✗ was not found."

# Beside what is markup anywhere: what makes an address a link by itself, and what makes a line an item or a rule.
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~$&@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_FIRST = re.compile(r"\A(?:[-+=]|\d+(?=[.)]))")


def conversation_as_markdown(answers: Sequence[Answer]) -> str:
    """The text of a file that any Markdown reader shows. Raises `ValueError` for no answers."""
    if not answers:
        raise ValueError("A conversation without answers has no text.")
    parts = [f"# {inert(answers[0].question)}", LEGEND]
    for number, answer in enumerate(answers):
        if number:
            parts.append(f"## {inert(answer.question)}")
        parts += _parts(answer)
    return "\n\n".join(parts) + "\n"


def inert(text: str) -> str:
    """One line of which every character is shown as it is; control and direction characters are left out."""
    line = _MARKUP.sub(r"\\\g<0>", plain(text))
    first = _FIRST.match(line)
    if first is None:
        return line
    return f"{first[0]}\\{line[first.end() :]}" if first[0].isdigit() else f"\\{line}"


def _parts(answer: Answer) -> Iterator[str]:
    if answer.abstained or not answer.sentences:
        yield inert(answer.text)
    else:
        numbers = _numbered(answer)
        yield " ".join(f"{inert(sentence.text)} {_marks(sentence, numbers)}" for sentence in answer.sentences)
        if numbers:
            yield "\n".join(f"{number}. {_place(citation)}" for citation, number in numbers.items())
    yield f"*Answered by {inert(answer.model) or 'an unnamed model'}.*"


def _numbered(answer: Answer) -> dict[Citation, int]:
    """The located citations, numbered as they are met."""
    cited = (each for sentence in answer.sentences for each in sentence.citations if each.verified)
    return {citation: number for number, citation in enumerate(dict.fromkeys(cited), start=1)}


def _marks(sentence: Sentence, numbers: dict[Citation, int]) -> str:
    found = ", ".join(str(numbers[each]) for each in dict.fromkeys(sentence.citations) if each in numbers)
    sign = SIGNS[sentence.support]
    return f"({sign} {found})" if found else f"({sign} not located)"


def _place(citation: Citation) -> str:
    printed = place_name(citation.page, citation.label)
    page = f", {inert(printed)}" if printed else ""
    where = f"{inert(PurePath(citation.source).name)}{page}, characters {citation.start}–{citation.end}"
    return f"{where}: “{inert(citation.quote)}”"
