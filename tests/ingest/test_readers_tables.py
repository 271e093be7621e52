"""Tables of any format: which first rows name the columns, and Markdown's told row by row."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation

from ingest.readers.docx import DocxReader
from ingest.readers.html import HtmlReader
from ingest.readers.markdown import MarkdownReader
from ingest.readers.pptx import PptxReader
from ingest.readers.tables import looks_like_names
from tests.support.docx_files import make_docx, paragraph
from tests.support.office_files import add_table, saved

PLANS = [["Plan", "Who", "Price"], ["Basic", "anyone", "$12"], ["Pro", "firms", "$40"]]
NAMED = ["Plan: Basic; Who: anyone; Price: $12", "Plan: Pro; Who: firms; Price: $40"]


def markdown(text: str):
    return MarkdownReader().read(text.encode(), "a.md")


def word_table(look: str) -> bytes:
    rows = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in PLANS)
    return make_docx(f"<w:tbl><w:tblPr>{look}</w:tblPr>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>")


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (PLANS, True),
        ([["Site", "Area", "Since"], ["Oslo", "1,200 m", "2019-04-01"], ["Rome", "80 m", ""]], True),
        ([["Region", "2023", "2024"], ["North", "5", "6"], ["South", "7", "8"]], True),
        ([["Berlin", "Maria", "Sales"], ["Oslo", "Peter", "Legal"], ["Rome", "Nora", "Sales"]], False),
        ([["Berlin", "Maria", "35"], ["Oslo", "Peter", "41"], ["Rome", "Nora", "52"]], False),
        ([["Name", "Maria"], ["Age", "35"], ["Salary", "$5"]], False),
        ([["Plan", "Who", "Price"], ["Basic", "anyone", "$12"]], False),
        ([["Plan", "Plan", "Price"], ["Basic", "anyone", "$12"], ["Pro", "firms", "$40"]], False),
        ([], False),
    ],
    ids=[
        "prices",
        "sizes",
        "years",
        "words only",
        "figures on top",
        "two columns",
        "one row",
        "one name twice",
        "none",
    ],
)
def test_a_row_that_nothing_marks_names_columns_where_figures_stand_under_a_word(rows, named):
    assert looks_like_names(rows) is named


@pytest.mark.parametrize("look", ["", '<w:tblLook w:val="0600"/>', '<w:tblLook w:val="04A0"/>'])
def test_word_files_name_columns_whoever_wrote_them(look):
    """Word sets a bit for the first row, Google Docs does not, and some programs write no look at all."""
    assert DocxReader().read(word_table(look), "a.docx").text.split("\n") == NAMED


@pytest.mark.parametrize("marked", [True, False], ids=["PowerPoint", "Google Slides"])
def test_slides_name_columns_whoever_made_them(marked):
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    add_table(slide, PLANS)
    slide.shapes[0].table.first_row = marked
    assert PptxReader().read(saved(deck), "a.pptx").text.split("\n") == NAMED


def test_pages_name_columns_where_no_cell_is_marked_as_a_name():
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in PLANS)
    text = HtmlReader().read(f"<p>Plans</p><table>{rows}</table>".encode(), "a.html").text
    assert text.split("\n")[-1] == "Plan: Pro | Who: firms | Price: $40"


def test_rows_in_markdown_carry_the_names_of_their_columns():
    text = "# Plans\n\n| Plan | **Price:** |\n|:--|--:|\n| Basic | $12 \\| month |\n| Pro | |\n\n## After\nMore.\n"
    document = markdown(text)
    assert document.text == "# Plans\n\nPlan: Basic; Price: $12 | month\nPlan: Pro\n\n## After\nMore.\n"
    starts = [document.text.index(mark) for mark in ("# Plans", "## After")]
    assert [heading.start for heading in document.headings] == starts


def test_a_table_without_bars_at_its_sides_is_one():
    assert (
        markdown("Plan | Price\n--- | ---\nBasic | $12\nPro | $40").text
        == "Plan: Basic; Price: $12\nPlan: Pro; Price: $40"
    )


@pytest.mark.parametrize(
    "text",
    [
        "| Plan |\n|---|\n| Basic |\n",
        "| | |\n|---|---|\n| Basic | $12 |\n",
        "| Plan | Price |\n|---|---|\n",
        "| Plan | Price |\n|---|---|\n| Basic | $12 | more |\n",
        "> | Plan | Price |\n> |---|---|\n> | Basic | $12 |\n",
        "- | Plan | Price |\n  |---|---|\n  | Basic | $12 |\n",
        "```\n| Plan | Price |\n|---|---|\n| Basic | $12 |\n```\n",
        "this | that\n\nor | more\n",
    ],
    ids=["one column", "no names", "no rows", "a cell too many", "quoted", "in a list", "code", "prose"],
)
def test_what_is_no_table_with_names_stays_as_it_was_written(text):
    assert markdown(text).text == text


cells = st.text(st.sampled_from("ab |\\`*_:;-#>~\t1é"), max_size=12)
rows = st.one_of(cells, st.lists(cells, max_size=4).map(lambda row: f"| {' | '.join(row)} |"))


@given(st.lists(rows, max_size=12).map("\n".join))
def test_no_value_is_lost(body):
    """Names come and bars go; every other character of the rows below the names stays."""
    document = markdown(f"# Top\n\n| one | two |\n|---|---|\n{body}\n\n# End\n\nword")
    assert not Counter(re.sub(r"[\s|\\]", "", body)) - Counter(document.text)
    assert document.text.endswith("# End\n\nword")
    assert document.headings[0].start == 0
    if "`" not in body and "~" not in body:  # else a fence may hold the end
        assert document.text[document.headings[-1].start :] == "# End\n\nword"
