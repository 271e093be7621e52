"""One table of 200 people and six columns, in every format that has tables, with questions that each ask for one cell.

People share first names and family names with others, as in a real directory: only both together tell a row.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from pptx import Presentation
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from tests.support.docx_files import make_docx, paragraph
from tests.support.office_files import add_table, make_xlsx, saved
from tests.support.zip_files import make_odt

TITLE = "Staff directory"
INTRODUCTION = "This directory lists everyone who works here, with the terms that were agreed upon."
ENDING = "Tell the personnel office of any mistake before the end of the month."
COLUMNS = ("Employee", "Department", "Office", "Start date", "Annual salary", "Vacation days")
ASKED = COLUMNS[1:]
ROWS_A_SLIDE = 10

_FIRST = ("Maria", "Peter", "Aisha", "James", "Yuki", "Elena", "Omar", "Sofia", "Daniel", "Ingrid",
          "Carlos", "Fatima", "Henry", "Priya", "Lukas", "Grace", "Ahmed", "Clara", "Victor", "Nora")  # fmt: skip
_FAMILY = ("Keller", "Johnson", "Rossi", "Tanaka", "Okafor", "Lindberg", "Garcia", "Novak", "Patel", "Dubois",
           "Murphy", "Hansen", "Silva", "Weber", "Kowalski", "Hughes", "Moreau", "Ivanov", "Schmidt",
           "Brown")  # fmt: skip
_DEPARTMENTS = ("Accounting", "Customer Support", "Engineering", "Human Resources", "Legal", "Logistics", "Marketing",
                "Procurement", "Quality Assurance", "Sales")  # fmt: skip
_OFFICES = ("Berlin", "Boston", "Chicago", "Dublin", "Lisbon", "Madrid", "Oslo", "Seattle", "Singapore", "Vienna")
_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class CellQuestion:
    """What stands in the row of `name` under `column`: `value`."""

    text: str
    name: str
    column: str
    value: str


def people() -> list[tuple[str, ...]]:
    """The rows, always the same."""
    dice = random.Random(20)
    names = [f"{first} {family}" for first in _FIRST for family in _FAMILY]
    return [_person(dice, name) for name in dice.sample(names, _PEOPLE)]


def _person(dice: random.Random, name: str) -> tuple[str, ...]:
    start = date(2004, 1, 1) + timedelta(days=dice.randrange(7500))
    salary = f"${dice.randrange(38_000, 140_000, 50):,}"
    return name, dice.choice(_DEPARTMENTS), dice.choice(_OFFICES), start.isoformat(), salary, str(dice.randint(20, 34))


def questions(most: int = 20) -> list[CellQuestion]:
    """Rows spread evenly over the table, the columns in turn."""
    rows = people()
    step = len(rows) / most
    found = []
    for number in range(most):
        row, column = rows[int(number * step + step / 2)], COLUMNS[1 + number % len(ASKED)]
        text = f"What is the {column.lower()} of {row[0]}?"
        found.append(CellQuestion(text, row[0], column, row[COLUMNS.index(column)]))
    return found


def holds(text: str, question: CellQuestion) -> bool:
    """Whether the text tells the value: in the line of the row, which the name of the column stands in or above."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if question.name in line and question.value in line:
            return any(question.column in seen for seen in lines[: number + 1])
    return False


def as_markdown() -> bytes:
    table = "\n".join(f"| {' | '.join(row)} |" for row in (COLUMNS, ["---"] * len(COLUMNS), *people()))
    return f"# {TITLE}\n\n{INTRODUCTION}\n\n{table}\n\n{ENDING}\n".encode()


def as_docx(look: str = '<w:tblLook w:val="04A0"/>') -> bytes:
    """As Word makes it: the style of the table sets its first row apart."""
    rows = "".join(f"<w:tr>{''.join(_word_cell(text) for text in row)}</w:tr>" for row in (COLUMNS, *people()))
    table = f"<w:tbl><w:tblPr>{look}</w:tblPr>{rows}</w:tbl>"
    return make_docx(paragraph(TITLE, "berschrift1") + paragraph(INTRODUCTION) + table + paragraph(ENDING))


def as_docx_without_marks() -> bytes:
    """As Google Docs makes it: no row is set apart."""
    return as_docx('<w:tblLook w:val="0600"/>')


def _word_cell(text: str) -> str:
    return f"<w:tc>{paragraph(text)}</w:tc>"


def as_xlsx() -> bytes:
    return make_xlsx({TITLE: [COLUMNS, *people()]})


def as_odt() -> bytes:
    rows = "".join(
        f"<table:table-row>{''.join(_odt_cell(text) for text in row)}</table:table-row>" for row in (COLUMNS, *people())
    )
    head = f'<text:h text:outline-level="1">{TITLE}</text:h><text:p>{INTRODUCTION}</text:p>'
    return make_odt(f"{head}<table:table>{rows}</table:table><text:p>{ENDING}</text:p>")


def _odt_cell(text: str) -> str:
    return f"<table:table-cell><text:p>{escape(text)}</text:p></table:table-cell>"


def as_pptx() -> bytes:
    """A slide for each ten people, each with the names of the columns, as slides have them."""
    deck = Presentation()
    rows = people()
    for start in range(0, len(rows), ROWS_A_SLIDE):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = TITLE
        add_table(slide, [COLUMNS, *rows[start : start + ROWS_A_SLIDE]])
    return saved(deck)


def as_csv() -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([COLUMNS, *people()])
    return stream.getvalue().encode()


def as_html() -> bytes:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    body = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>\n" for row in people())
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<h1>{TITLE}</h1><p>{INTRODUCTION}</p>{table}<p>{ENDING}</p>".encode()


def as_pdf() -> bytes:
    """A ruled table over several pages, the names of the columns at the top of each."""
    styles = getSampleStyleSheet()
    rows: Sequence[Sequence[str]] = [COLUMNS, *people()]
    table = Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")], repeatRows=1)
    stream = io.BytesIO()
    SimpleDocTemplate(stream, title=TITLE, invariant=1).build([
        Paragraph(TITLE, styles["Heading1"]), Paragraph(INTRODUCTION, styles["Normal"]), table,
        Paragraph(ENDING, styles["Normal"])
    ])  # fmt: skip
    return stream.getvalue()


FORMATS = {
    "md": as_markdown,
    "docx": as_docx,
    "docx without marks": as_docx_without_marks,
    "xlsx": as_xlsx,
    "odt": as_odt,
    "pptx": as_pptx,
    "csv": as_csv,
    "html": as_html,
    "pdf": as_pdf,
}
