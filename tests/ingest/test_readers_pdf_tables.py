"""PDF: rows of ruled tables carry the names of their columns, and nothing that was drawn is lost."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from ingest.commands.inspection import inspection_lines
from ingest.documents import Source
from ingest.inspection import Inspection
from ingest.readers import pdf_ruled, pdf_tables
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_ruled import RuledPages
from ingest.readers.pdfium_file import PdfiumFile
from tests.support.pdf_files import make_pdf, with_content

needs_pdfplumber = pytest.mark.skipif(not pdf_ruled.is_installed(), reason="needs the extra tables")
GRID = [("GRID", (0, 0), (-1, -1), 0.5, "black")]
INNER = [
    ("LINEAFTER", (0, 0), (-2, -1), 0.5, "black"),
    *(("LINEABOVE", (0, row), (-1, row), 0.5, "black") for row in range(4)),
    ("LINEBELOW", (0, -1), (-1, -1), 0.5, "black"),
]
PLANS = [
    ["Plan", "Premium", "Deductible"],
    ["Basic", "$120", "$2,000"],
    ["Standard", "$180", "$1,000"],
    ["Plus", "$250", "$250"],
]
NAMED = [f"Plan: {plan}; Premium: {premium}; Deductible: {deductible}" for plan, premium, deductible in PLANS[1:]]
BEFORE, AFTER = (
    "The plans of the coming year are open to all.",
    "Tell the office of your choice before the first of May.",
)
PROSE = getSampleStyleSheet()["Normal"]


def drawn(cells: list, style: list = GRID, repeat: int = 0) -> bytes:
    stream = io.BytesIO()
    table = Table(cells, style=style, repeatRows=repeat)
    SimpleDocTemplate(stream, invariant=1).build([
        Paragraph(BEFORE, PROSE), Spacer(1, 12), table, Spacer(1, 12), Paragraph(AFTER, PROSE)
    ])  # fmt: skip
    return stream.getvalue()


def read(data: bytes):
    return PdfReader().read(data, "/files/plans.pdf")


@needs_pdfplumber
@pytest.mark.parametrize("style", [GRID, INNER], ids=["ruled all around", "open at its sides"])
def test_each_row_names_its_columns_in_its_place(style):
    assert read(drawn(PLANS, style)).text.split("\n") == [BEFORE, "", *NAMED, "", AFTER]


@needs_pdfplumber
def test_letters_that_hang_into_the_table_from_the_line_above_are_not_of_it():
    stream = io.BytesIO()
    close = Paragraph("Every yearly package, by page", PROSE)
    SimpleDocTemplate(stream, invariant=1).build([close, Table(PLANS, style=GRID, hAlign="LEFT")])
    assert read(stream.getvalue()).text.split("\n")[-3:] == NAMED


@needs_pdfplumber
def test_names_over_names_and_cells_over_rows_are_told_in_each_row():
    cells = [
        ["", "2023", "", "2024", ""],
        ["Region", "Q1", "Q2", "Q1", "Q2"],
        ["North", "1", "2", "3", "4"],
        ["", "5", "6", "7", "8"],
    ]
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (3, 0), (4, 0)), ("SPAN", (0, 2), (0, 3))]
    assert read(drawn(cells, [*GRID, *spans])).text.split("\n")[2:4] == [
        "Region: North; 2023 Q1: 1; 2023 Q2: 2; 2024 Q1: 3; 2024 Q2: 4",
        "Region: North; 2023 Q1: 5; 2023 Q2: 6; 2024 Q1: 7; 2024 Q2: 8",
    ]


@needs_pdfplumber
@pytest.mark.parametrize("repeat", [0, 1], ids=["names once", "names on each page"])
def test_a_table_goes_on_over_pages_with_its_names(repeat):
    cells = [PLANS[0], *([f"Plan {number}", f"${number}", f"{number * 7}"] for number in range(1, 81))]
    document = read(drawn(cells, repeat=repeat))
    rows = [f"Plan: Plan {number}; Premium: ${number}; Deductible: {number * 7}" for number in range(1, 81)]
    assert [line for line in document.text.split("\n") if line.startswith("Plan:")] == rows
    assert len(document.pages) == 3
    assert all(document.text[start:].startswith("Plan:") for start in document.pages[1:])


@needs_pdfplumber
def test_a_cell_of_several_lines_is_one_value():
    wrapped = Paragraph("What is paid for treatment in the hospitals of the whole network, and beside it.", PROSE)
    text = read(drawn([PLANS[0], ["Basic", wrapped, "$5"], PLANS[2]])).text
    assert (
        "Premium: What is paid for treatment in the hospitals of the whole network, and beside it.; Deductible" in text
    )


@needs_pdfplumber
@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([["1", "2", "3"], ["4", "5", "6"]], id="numbers for names"),
        pytest.param([["Plan", "", "Price"], ["Basic", "a", "$1"]], id="a column without a name"),
        pytest.param([["a note in a box"], ["and more"]], id="one column"),
    ],
)
def test_a_table_without_names_stays_as_it_was_drawn(cells, monkeypatch):
    found = read(drawn(cells))
    monkeypatch.setattr(pdf_tables.Tables, "set", lambda self, lines, file, page: lines)
    assert found == read(drawn(cells))


@needs_pdfplumber
def test_a_table_whose_cells_do_not_hold_what_stood_there_stays_as_it_was_drawn(monkeypatch):
    texts = PdfiumFile.texts_within
    monkeypatch.setattr(
        PdfiumFile, "texts_within", lambda *asked: [text.replace("180", "18") for text in texts(*asked)]
    )
    assert "Standard $180 $1,000" in read(drawn(PLANS)).text


@needs_pdfplumber
def test_no_word_is_lost_or_doubled_but_names():
    plain, named = Counter("".join(map("".join, PLANS[1:]))), Counter(read(drawn(PLANS)).text)
    assert not plain - named


@needs_pdfplumber
def test_a_page_without_rules_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(RuledPages, "grids", lambda self, page: pytest.fail("looked for tables"))
    gaps = b"BT /F1 10 Tf 72 700 Td (Plan) Tj 200 0 Td (Price) Tj -200 -14 Td (Basic) Tj 200 0 Td ($1) Tj ET"
    assert "Basic $1" in read(with_content(make_pdf([["x"]]), 0, gaps)).text


@needs_pdfplumber
def test_looking_for_tables_has_its_time(monkeypatch):
    monkeypatch.setattr(pdf_tables, "SECONDS", -1.0)
    document = read(drawn(PLANS))
    assert "Basic $120 $2,000" in document.text
    assert document.warnings == ("looking for tables took -1 s: those on 1 pages are left as they were drawn",)


def test_without_the_extra_the_text_is_as_drawn_and_doctor_tells(monkeypatch):
    monkeypatch.setattr(pdf_tables, "is_installed", lambda: False)
    document = read(drawn(PLANS))
    assert document.text.split("\n") == [BEFORE, "", "Plan Premium Deductible", "Basic $120 $2,000",
                                         "Standard $180 $1,000", "Plus $250 $250", "", AFTER]  # fmt: skip
    lines = list(inspection_lines(Inspection(Source("plans.pdf", 1, 1, document.id), 0.1, "pdf", document), 0))
    assert "  hint      1 page may hold tables: with the extra tables, rows keep the names of their columns" in lines
    assert document.warnings == ()


@needs_pdfplumber
@pytest.mark.slow
def test_the_value_in_a_row_is_found_and_cited_as_it_stands(tmp_path):
    """From the file to the answer, through the command lines."""
    (tmp_path / "plans.pdf").write_bytes(drawn(PLANS))
    command("ingest", "add", str(tmp_path / "plans.pdf"), kb=tmp_path / "kb")
    answer = command("assistant", "ask", "What is the deductible of the Standard plan?", "--json", kb=tmp_path / "kb")
    assert "$1,000" in json.loads(answer)["text"], answer
    assert NAMED[1] in command("ingest", "search", "deductible Standard", "--json", kb=tmp_path / "kb")


def command(module: str, *arguments: str, kb: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--kb", str(kb)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
