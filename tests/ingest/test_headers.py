"""The text that is embedded for a chunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.headers import HEADER_BYTES, embedding_hash, embedding_text, header


@pytest.mark.parametrize(
    ("title", "heading", "text", "expected"),
    [
        ("", "", "Body.", "Body."),
        ("Guide", "", "Body.", "Guide\nBody."),
        ("", "A > B", "Body.", "A > B\nBody."),
        ("Guide", "A > B", "Body.", "Guide > A > B\nBody."),
        ("Guide", "Guide > Install", "Body.", "Guide > Install\nBody."),
        ("Guide", "A > B", "B\nBody.", "Guide > A\nB\nBody."),
        ("Guide", "A > B", "## B\n\nBody.", "Guide > A\n## B\n\nBody."),
        ("Guide", "B", "Body.", "Guide > B\nBody."),
        ("Guide", "Guide", "# Guide\nBody.", "# Guide\nBody."),
        ("  A\n title ", "", "Body.", "A title\nBody."),
    ],
)
def test_title_and_section_stand_above_the_text(title, heading, text, expected):
    assert embedding_text(title, heading, text) == expected


def test_a_long_title_leaves_room_for_the_section():
    assert header("t" * 500, "Leave > Parental") == "t" * 50 + " > Leave > Parental"


def test_outer_headings_go_first():
    path = "Outermost heading, which is the longest of them all > Middle heading > Innermost heading"
    assert header("A title of some length", path) == "A title of some length > Middle heading > Innermost heading"


@given(st.text(), st.text(), st.text(min_size=1))
def test_it_is_bounded_and_keeps_the_text(title, heading, text):
    embedded = embedding_text(title, heading, text)
    assert embedded.endswith(text)
    above = embedded[: -len(text)]
    assert len(above.encode()) <= HEADER_BYTES + 1
    assert len(header(title, heading).encode()) <= HEADER_BYTES


def test_the_hash_is_of_what_is_embedded():
    assert embedding_hash("a").hex() == "27c35e6e9373877f29e562464e46497e"
    assert len({embedding_hash(text) for text in ("a", "b", "A\na", "\udc80")}) == 4
