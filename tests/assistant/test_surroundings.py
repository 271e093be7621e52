"""A quote in its surroundings is one stretch of the document's text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Citation
from assistant.surroundings import CHARACTERS, surroundings
from ingest.documents import Document


@given(st.text(st.sampled_from("ab \n"), min_size=1, max_size=2_000), st.data())
def test_before_quote_and_after_are_one_stretch(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    pages = tuple(sorted({0, *data.draw(st.lists(st.integers(0, len(text)), max_size=3))}))
    document = Document("d", text, "a.md", pages=pages)
    citation = Citation(1, "a.md", document.page_at(start), "", start, end, text[start:end], verified=True)
    around = surroundings(document, citation)
    assert around.quote == citation.quote
    assert around.before + around.quote + around.after in text
    assert text[:start].endswith(around.before)
    assert text[end:].startswith(around.after)
    assert max(len(around.before), len(around.after)) <= CHARACTERS
    assert 0 <= around.near <= 1
