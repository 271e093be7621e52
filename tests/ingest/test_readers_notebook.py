"""Notebooks: cells as places, prose with headings, what was printed, and pictures counted."""

from __future__ import annotations

import json

import pytest

from ingest.errors import FileFailed
from ingest.readers.notebook import NotebookReader
from tests.support.messages import code, make_notebook, printed, prose, shown


def read(*cells):
    return NotebookReader().read(make_notebook(*cells), "a.ipynb")


def test_cells_are_places_in_their_order():
    document = read(prose("# Sales\n\nBy *region*.\n"), code("total = 40\ntotal", printed("40\n")), prose("## Costs\n"))
    assert document.text == "# Sales\n\nBy *region*.\n\ntotal = 40\ntotal\n\n40\n\n## Costs"
    assert document.labels == ("cell 1", "cell 2", "cell 3")
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Sales"), (2, "Costs")]
    assert document.label_of(document.page_at(document.text.index("total"))) == "cell 2"
    assert document.title == "Sales"


def test_pictures_are_counted_and_their_names_left_out():
    figure = shown(text_plain=["<Figure size 640x480 with 1 Axes>"], image_png="iVBORw0KGgo=")
    document = read(code("plot()", figure))
    assert document.text == "plot()"
    assert document.warnings == ("not read: 1 picture",)


def test_of_a_table_the_text_is_read_and_html_where_there_is_none():
    both = shown(text_plain="  a\n0 1", text_html="<table><tr><td>1</td></tr></table>")
    assert read(code("both", both)).text == "both\n\n  a\n0 1"
    assert read(code("html", shown(text_html="<p>Only <b>markup</b></p>"))).text == "html\n\nOnly markup"


def test_an_error_is_read_without_its_colours():
    error = {"output_type": "error", "ename": "ValueError", "evalue": "\x1b[31mno\x1b[0m", "traceback": ["…"]}
    assert read(code("f()", error)).text == "f()\n\nValueError: no"


def test_the_older_form_is_read():
    book = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Sales"},
            {"cell_type": "code", "input": "1 + 1", "outputs": [{"output_type": "pyout", "text": "2"}]}]}]}  # fmt: skip
    document = NotebookReader().read(json.dumps(book).encode(), "a.ipynb")
    assert document.text == "Sales\n\n1 + 1\n\n2"
    assert document.headings[0].level == 2


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b'{"cells": 1}', b'{"worksheets": [1]}', b'{"cells": [', b"[" * 100_000]
)
def test_what_is_no_notebook_is_refused(data):
    with pytest.raises(FileFailed) as failure:
        NotebookReader().read(data, "a.ipynb")
    assert failure.value.outcome == "parse_error"


@pytest.mark.parametrize(
    "cell", [{}, {"source": 5}, {"outputs": {"a": 1}}, {"outputs": [1, {"data": 2}, {"text": None}]}]
)
def test_odd_cells_are_survived(cell):
    assert read(cell, prose("Words")).text == "Words"
