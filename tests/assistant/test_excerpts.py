"""The beginning of a passage, as it is shown in lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Passage
from assistant.excerpts import LONGEST, excerpt


def passage(text: str, source: str = "/docs/guide.md") -> Passage:
    return Passage(1, "d", source, 1, 0, len(text), text, 0.5)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("# Leave\n\nIt lasts **14** weeks.", "Leave · It lasts 14 weeks."),
        ("- `timeout`: too long\n- [denied](http://x): no right", "timeout: too long · denied: no right"),
        ("## Codes\n\n| code | meaning |\n|---|:--|\n| 0 | done |", "Codes · code · meaning · 0 · done"),
        ("| 1 | failed |\n\nThen read the log.", "1 · failed · Then read the log."),
        ("Run\n\n```bash\ningest add docs\n```\n\nand wait.", "Run · ingest add docs · and wait."),
        ("> ![a *map*](m.png) of <b>it</b>", "a map of it"),
        ("<div>\nIn a box\n</div>", "In a box"),
        ("Title\n=====\n\n1. one\n2. two", "Title · one · two"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
    ],
)
def test_marks_of_markdown_are_left_out(markup: str, words: str):
    assert excerpt(passage(markup)) == words


def test_other_documents_are_shown_as_they_are():
    assert excerpt(passage("# a comment\nx = y[0]", "/docs/code.py")) == "# a comment x = y[0]"


@given(st.text(max_size=600), st.sampled_from(["/a.md", "/a.txt"]))
def test_it_is_one_line_and_no_longer_than_it_may_be(text: str, source: str):
    line = excerpt(passage(text, source))
    assert len(line) <= LONGEST
    assert "\n" not in line


def test_a_cut_falls_between_words():
    line = excerpt(passage("word " * 100, "/a.txt"), 22)
    assert line == "word word word word …"
