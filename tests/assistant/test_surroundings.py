"""A quote in its surroundings is one stretch of the document's text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Citation
from assistant.surroundings import CHARACTERS, flowing, surroundings
from ingest.documents import Document


@given(st.text(st.sampled_from("ab \n"), min_size=1, max_size=2_000), st.data())
def test_before_quote_and_after_are_one_stretch(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    pages = tuple(sorted({0, *data.draw(st.lists(st.integers(0, len(text)), max_size=3))}))
    document = Document("d", text, "a.md", pages=pages)
    citation = Citation(1, "a.md", document.page_at(start), "", start, end, text[start:end], verified=True)
    around = surroundings(document, citation)
    shown, spaced = around.before + around.quote + around.after, text.replace("\n", " ")
    assert shown.replace("\n", " ") == spaced[start - len(around.before) : end + len(around.after)]
    assert len(around.quote) == end - start
    assert around.cut_before or start - len(around.before) in (0, text.rfind("\n\n", 0, start) + 2) or not around.before
    assert max(len(around.before), len(around.after)) <= CHARACTERS
    assert 0 <= around.near <= 1


def around(text: str, quote: str):
    start = text.index(quote)
    citation = Citation(1, "a.md", 1, "", start, start + len(quote), quote, verified=True)
    return surroundings(Document("d", text, "a.md"), citation)


def test_it_begins_and_ends_with_whole_words_and_says_that_it_is_cut():
    words = " ".join(f"word{number}" for number in range(200))
    found = around(words, "word100")
    assert (found.cut_before, found.cut_after) == (True, True)
    assert set(f"{found.before}{found.quote}{found.after}".split()) <= set(words.split())
    assert not around("All of it.", "of").cut_before


def test_line_ends_inside_a_paragraph_are_spaces_and_others_stay():
    text = "Benefits\n\nThe plan pays for what the doctor\norders, and for the drugs.\n• Tea\n• Coffee"
    assert flowing(text) == text.replace("doctor\n", "doctor ")
