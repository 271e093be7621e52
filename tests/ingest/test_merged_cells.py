"""Cells that reach over several columns or rows, in each format that has them."""

from __future__ import annotations

import io
import time

import pytest
from pptx import Presentation

from ingest.readers.docx import DocxReader
from ingest.readers.html import HtmlReader
from ingest.readers.html_tables import LONGEST_REPEATED, MOST_WORK
from ingest.readers.odt import OdtReader
from ingest.readers.pptx import PptxReader
from tests.support.docx_files import make_docx, paragraph
from tests.support.zip_files import make_odt

# Plan | 2024     | Note      Plan and Note reach into the row below.
#      | Q1 | Q2  |
# Basic| 10 | 20  | old       Basic reaches into the row below.
#      | closed   | new
# Pro  | 1  | 2   |
LINES = [
    "Plan: Basic; 2024 Q1: 10; 2024 Q2: 20; Note: old",
    "Plan: Basic; 2024 Q1, 2024 Q2: closed; Note: new",
    "Plan: Pro; 2024 Q1: 1; 2024 Q2: 2",
]
HTML = """<table><tr><th rowspan=2>Plan<th colspan=2>2024<th rowspan=2>Note</tr><tr><th>Q1<th>Q2</tr>
<tr><td rowspan=2>Basic<td>10<td>20<td>old</tr><tr><td colspan=2>closed<td>new</tr>
<tr><td>Pro<td>1<td>2<td></tr></table>"""


def read(markup: str) -> str:
    return HtmlReader().read(markup.encode(), "page.html").text


def test_values_of_a_web_page_have_the_names_of_all_header_cells_above_them():
    lines = [line.replace("; ", " | ") for line in LINES]
    assert read(HTML).split("\n") == ["Plan | 2024 | Note", "Q1 | Q2", *lines]


def test_values_of_a_word_file_have_them_too():
    def cell(text: str, merge: str = "", span: int = 1) -> str:
        vertical = f'<w:vMerge w:val="{merge}"/>' if merge else ""
        settings = f'<w:tcPr><w:gridSpan w:val="{span}"/>{vertical}</w:tcPr>'
        return f"<w:tc>{settings}{paragraph(text)}</w:tc>"

    restart, go_on = "restart", "continue"
    rows = [
        cell("Plan", restart) + cell("2024", span=2) + cell("Note", restart),
        cell("", go_on) + cell("Q1") + cell("Q2") + cell("", go_on),
        cell("Basic", restart) + cell("10") + cell("20") + cell("old"),
        cell("", go_on) + cell("closed", span=2) + cell("new"),
        cell("Pro") + cell("1") + cell("2") + cell(""),
    ]
    look = '<w:tblPr><w:tblLook w:firstRow="1"/></w:tblPr>'
    table = f"<w:tbl>{look}{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"
    assert DocxReader().read(make_docx(table), "fees.docx").text.split("\n") == LINES


def test_values_of_an_opendocument_text_have_them_too():
    def cell(text: str, wide: int = 1, tall: int = 1) -> str:
        spans = f'table:number-columns-spanned="{wide}" table:number-rows-spanned="{tall}"'
        return f"<table:table-cell {spans}><text:p>{text}</text:p></table:table-cell>"

    covered = "<table:covered-table-cell/>"
    rows = [
        cell("Plan", tall=2) + cell("2024", wide=2) + covered + cell("Note", tall=2),
        covered + cell("Q1") + cell("Q2") + covered,
        cell("Basic", tall=2) + cell("10") + cell("20") + cell("old"),
        covered + cell("closed", wide=2) + covered + cell("new"),
        cell("Pro") + cell("1") + cell("2") + cell(""),
    ]
    table = f"<table:table>{''.join(f'<table:table-row>{row}</table:table-row>' for row in rows)}</table:table>"
    assert OdtReader().read(make_odt(table), "fees.odt").text.split("\n") == LINES


def test_values_of_a_presentation_have_them_too():
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(5, 4, 0, 0, 100, 100).table
    texts = [
        ["Plan", "2024", "", "Note"],
        ["", "Q1", "Q2", ""],
        ["Basic", "10", "20", "old"],
        ["", "closed", "", "new"],
    ]
    for y, row in enumerate([*texts, ["Pro", "1", "2", ""]]):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
    for start, end in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((0, 3), (1, 3)), ((2, 0), (3, 0)), ((3, 1), (3, 2))):
        table.cell(*start).merge(table.cell(*end))
    out = io.BytesIO()
    deck.save(out)
    assert PptxReader().read(out.getvalue(), "fees.pptx").text.split("\n") == LINES


HEAD = "<tr><th>Plan<th>Price<th>Note</tr>"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (f"<tr><td colspan='100%'>Fees</tr>{HEAD}<tr><td>Pro<td>1<td>x", ["Fees", *"HPN"]),
        (f"{HEAD}<tr><th colspan=3>Europe</tr><tr><td>Pro<td>1<td>x", [*"H", "Europe", *"PN"]),
        (f"{HEAD}<tr><td>Pro<td>1<td rowspan=0>x</tr><tr><td>Pro<td>1</tr>", [*"HPNPN"]),
        (f"{HEAD}<tr><td>Pro<td>1<td rowspan=' +2x'>x</tr><tr><td>Pro<td>1</tr>", [*"HPNPN"]),
        (f"<thead>{HEAD}</thead><tbody><tr><td rowspan=9>Pro<td>1<td>x</tbody><tr><td>Pro<td>1<td>x", [*"HPNPN"]),
        (f"{HEAD}<tr><td colspan=0>Pro<td colspan=-1>1<td colspan=many>x", [*"HPN"]),
        (f"{HEAD}<tr><td rowspan=2>Pro<td colspan=2 rowspan=2>1</tr><tr></tr>", ["H", "Plan: Pro | Price, Note: 1"]),
    ],
    ids=["caption", "section", "to the end", "odd number", "out of its group", "no numbers", "a row without cells"],
)  # fmt: skip
def test_spans_are_counted_as_browsers_do(rows, lines):
    short = {"H": "Plan | Price | Note", "P": "Plan: Pro | Price: 1 | Note: x", "N": None}
    expected = [line for each in lines if (line := short.get(each, each))]
    assert read(f"<table>{rows}</table>").split("\n") == expected


@pytest.mark.parametrize(
    "rows",
    [
        f"{HEAD}<tr><td rowspan=2>Pro<td>1<td>x</tr><tr><td colspan=3>y<td>z</tr>",
        f"{HEAD}<tr><td rowspan=2>Pro<td>1<td>x</tr><tr><td>y</tr>",
        f"{HEAD}<tr><td colspan=4>Pro<td>1</tr>",
        "<tr><th rowspan=2>Plan<th colspan=2>2024</tr><tr><td>Q1<td>Q2</tr><tr><td>Pro<td>1<td>2</tr>",
        "<tr><td rowspan=2>Plan<td>Price<td>Note</tr><tr><td>1<td>2</tr><tr><td>Pro<td>1<td>2</tr>",
        "<tr><th colspan=2>Phone<th colspan=2>Phone</tr><tr><td>Pro<td>1<td>2<td>3</tr>",
    ],
    ids=["overlap", "open slot", "too wide", "names that reach into values", "no names", "one name twice"],
)
def test_what_is_no_grid_or_names_nothing_for_certain_is_left_alone(rows):
    text = read(f"<table>{rows}</table>")
    assert ":" not in text
    assert text.count("Pro") == 1


def test_a_long_cell_is_not_repeated():
    for length, times in ((LONGEST_REPEATED, 2), (LONGEST_REPEATED + 1, 1)):
        rows = f"{HEAD}<tr><td rowspan=2>{'x' * length}<td>1<td>2</tr><tr><td>3<td>4</tr>"
        assert read(f"<table>{rows}</table>").count("x" * length) == times


@pytest.mark.parametrize(
    "markup",
    [
        f"<table>{HEAD}<tr><td rowspan=1000000000 colspan=1000000000>bomb</tr><tr><td>1<td>2<td>3</tr></table>",
        f"<table>{HEAD}<tr><td rowspan={'9' * 5000}>bomb<td>1<td>2</tr><tr><td>1<td>2</tr></table>",
        "<table><tr>" + "<th colspan=1000000000>bomb" * 50 + "</tr>" + "<tr><td colspan=1000><td>1" * 5000 + "</table>",
        "<table><tr>"
        + "".join(f"<td rowspan=65534>bomb{n}" for n in range(1000))
        + "</tr>"
        + "<tr>" * 30_000
        + "</table>",
        "<table>" + f"<tr><th>{'long ' * 20_000}<th>b</tr>" + "<tr><td>1<td>bomb</tr>" * 3000 + "</table>",
        f"<table>{HEAD}<tr><td rowspan=65534>{'bomb' * 99}<td>1<td>2</tr>"
        + "<tr><td>1<td>2</tr>" * 60_000
        + "</table>",
        ("<table><tr><th colspan=999>bomb<th>b</tr>" + "<tr><td colspan=999>1<td>2</tr>" * 200 + "</table>") * 100,
    ],
    ids=["both", "digits", "wide", "tall", "long name", "repeated", "many tables"],
)
def test_spans_and_names_that_multiply_are_harmless(markup):
    started = time.process_time()
    text = read(markup)
    assert "bomb" in text
    assert len(text) <= len(markup) + MOST_WORK
    assert time.process_time() - started < 30
