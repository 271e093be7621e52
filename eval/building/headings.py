"""Questions for the sections of a document, by their headings: the gold is where the section stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from ingest.documents import Document

SHORTEST, LONGEST = 2, 12  # words of a heading that says what its section is about
FEWEST_CHARACTERS, MOST_CHARACTERS = 200, 6000  # of a section that says something, and not everything


def heading_questions(document: Document, source: str) -> Iterator[tuple[str, int, int]]:
    """The question, and start and end of the section. A heading that the document repeats is left out."""
    titles = [" ".join(heading.title.split()) for heading in document.headings]
    name = PurePath(source).stem.replace("_", " ")
    for place, (heading, title) in enumerate(zip(document.headings, titles, strict=True)):
        later = (each.start for each in document.headings[place + 1 :] if each.level <= heading.level)
        end = next(later, len(document.text))
        telling = SHORTEST <= len(title.split()) <= LONGEST and titles.count(title) == 1
        if telling and FEWEST_CHARACTERS <= end - heading.start <= MOST_CHARACTERS:
            yield f"What does {name} say about {title.rstrip('?:. ')}?", heading.start, end
