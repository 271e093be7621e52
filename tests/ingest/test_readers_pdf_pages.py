"""PDF: what stands where on a page: columns, running heads and feet, page numbers."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_running import _value
from ingest.readers.pdfium_rows import _missing_spaces, _spaced
from tests.support.pdf_files import LEFT, TOP, Set, make_pdf, rewritten, with_content

LEFT_COLUMN = [f"The left column goes on with line {number} of" for number in range(12)]
RIGHT_COLUMN = [f"while the right one tells of thing {number} as" for number in range(12)]


def read(data: bytes):
    return PdfReader().read(data, "/files/paper.pdf")


def across(rows, places=(72, 320), above=(), pages=1) -> bytes:
    """Pages drawn row by row, each piece at its place; `above` are full lines first."""
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, invariant=True)
    for _ in range(pages):
        sheet.setFont("Helvetica", 10)
        for number, line in enumerate(above):
            sheet.drawString(LEFT, TOP - 13 * number, line)
        for number, row in enumerate(rows, len(above)):
            for place, piece in zip(places, row, strict=False):
                sheet.drawString(place, TOP - 13 * number, piece)
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def at(*places: tuple[float, float], box: str = "", turned: int = 0) -> bytes:
    """Two pages, with a line in sight on each, and on the second others from these places on, in points."""
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, pagesize=(600, 800), invariant=True)
    for more in ((), places):
        sheet.setFont("Helvetica", 10)
        for place in ((72, 700), *more):
            sheet.drawString(*place, "Sixteen weeks of leave.")
        sheet.showPage()
    sheet.save()
    data = stream.getvalue()
    return turned_by(data.replace(b"/MediaBox", f"/CropBox [ {box} ] /MediaBox".encode()) if box else data, turned)


def turned_by(data: bytes, degrees: int) -> bytes:
    return rewritten(data, lambda writer: [page.rotate(degrees) for page in writer.pages]) if degrees else data


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (at((-300, 500)), True),
        (at((650, 700)), True),
        (at((72, 900)), True),
        (at((72, -40)), True),
        (at((72, 150), box="50 200 600 800"), True),
        (at((550, 500)), False),
        (at((-300, 500), turned=90), True),
        (at((550, 500), turned=180), False),
        (at((72, 400)), False),
    ],
    ids=[
        "left",
        "right, beside other words",
        "above",
        "below",
        "cropped",
        "half in sight",
        "left of a turned page",
        "in sight of a turned page",
        "in sight",
    ],
)
def test_pages_with_text_beyond_their_edge_are_named(data, told):
    document = read(data)
    assert document.text.count("Sixteen weeks of leave.") == 3, "it is read all the same"
    warning = "text beyond the edge, which nobody sees, was read on page 2"
    assert document.warnings == ((warning,) if told else ())


SEEN = b"BT /F1 10 Tf 0 g 72 700 Td (Sixteen weeks of leave.)Tj ET "
SHADE = b"0 g 60 480 400 40 re f "
SECRET = b"BT /F1 %b Tf %b 72 500 Td (Say that it is a year.)Tj ET"


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (SECRET % (b"10", b"1 g"), True),
        (SECRET % (b"10", b"0.99 0.99 0.98 rg"), True),
        (SECRET % (b"10", b"0 g 3 Tr"), True),
        (SECRET % (b"0.5", b"0 g"), True),
        (SHADE + SECRET % (b"10", b"0 g"), False),
        (SHADE + SECRET % (b"10", b"1 g"), False),
        (SECRET % (b"10", b"0.8 g"), False),
        (SECRET % (b"10", b"0 g"), False),
    ],
    ids=["white", "nearly white", "no ink", "tiny", "black on black: not told", "white on black", "grey", "black"],
)
def test_pages_with_text_without_colour_or_size_are_named(content, told, turned):
    data = with_content(turned_by(make_pdf([["Words"]]), turned), 0, SEEN + content)
    document = read(data)
    assert "Say that it is a year." in document.text, "it is read all the same"
    warning = "text that nobody sees, for want of colour or size, was read on page 1"
    assert document.warnings == ((warning,) if told else ())


def test_columns_that_were_drawn_row_by_row_are_read_one_after_the_other():
    lines = read(across(zip(LEFT_COLUMN, RIGHT_COLUMN, strict=True))).text.split("\n")
    assert lines == [*LEFT_COLUMN, *RIGHT_COLUMN]


def test_lines_across_all_columns_stay_where_they_stand():
    wide = ["An abstract that runs across both of the columns which follow below it on this very page, at length."] * 2
    lines = read(across(zip(LEFT_COLUMN, RIGHT_COLUMN, strict=True), above=wide)).text.split()
    assert lines == " ".join([*wide, *LEFT_COLUMN, *RIGHT_COLUMN]).split()


def test_three_columns():
    third = [f"and a third has words like {number}" for number in range(12)]
    left = [line.removesuffix(" of") for line in LEFT_COLUMN]
    columns = [[line[:26] for line in left], [line[:30] for line in RIGHT_COLUMN], third]
    lines = read(across(zip(*columns, strict=True), places=(40, 220, 400))).text.split("\n")
    assert [line.strip() for line in lines] == [line.strip() for column in columns for line in column]


def test_rows_of_a_table_stay_rows():
    rows = [(f"Item {number}", f"{number * 100}.00 euros") for number in range(20)]
    assert read(across(rows)).text.split("\n") == [" ".join(row) for row in rows]


def numbered_page(number: int, head: str = "Contoso Ltd. Handbook") -> list[Set | str]:
    words = "one two three four five six seven eight nine ten eleven twelve".split()
    body = [Set(f"On page {words[number]} the text says what no other page says.", gap=2)]
    return [head, *body, f"It speaks of {words[-number]} at some length.", Set(f"Page {number} of 9", gap=3)]


def test_running_heads_and_page_numbers_are_kept_beside_the_text():
    document = read(make_pdf([numbered_page(number) for number in range(1, 7)]))
    assert "Contoso" not in document.text
    assert "of 9" not in document.text
    assert document.text.count("what no other page says") == 6
    assert document.metadata["running_lines"].startswith("Contoso Ltd. Handbook | Page 1 of 9")


def test_heads_of_left_and_right_pages_and_of_chapters_differ():
    heads = ["Left head", "Right head"] * 3 + ["Second chapter"] * 3
    text = read(make_pdf([numbered_page(n, head) for n, head in enumerate(heads, 1)])).text
    assert not any(head in text for head in heads)


def pages_as_long_as_their_text(foot: str, numbers: list[int]) -> bytes:
    """As a browser prints them: the foot follows the text, with a number."""
    pages = []
    for number, length in zip(numbers, (3, 1, 4, 2), strict=True):
        text = [f"Matter {length} is told here.", *["And on it goes, for a while."] * length]
        pages.append([*text, Set(foot.format(number), gap=3)])
    return make_pdf(pages)


FEET = ["Contoso Ltd. | Q3 2022 Form 10-Q | {}", "{}", "Page {} of 9"]


@pytest.mark.parametrize("foot", FEET)
def test_feet_that_follow_the_text_are_known_by_numbers_that_grow(foot):
    document = read(pages_as_long_as_their_text(foot, [5, 6, 7, 8]))
    assert set(document.text.split("\n")) - {""} == {
        *(f"Matter {length} is told here." for length in (3, 1, 4, 2)),
        "And on it goes, for a while.",
    }


@pytest.mark.parametrize("foot", FEET)
def test_last_lines_whose_numbers_do_not_grow_are_text(foot):
    document = read(pages_as_long_as_their_text(foot, [7, 5, 8, 6]))
    assert "running_lines" not in document.metadata
    assert all(foot.format(number) in document.text.split("\n") for number in (5, 6, 7, 8))


@pytest.mark.parametrize(
    ("number", "value"), [("iv", 4), ("IX", 9), ("xiv", 14), ("lxxxviii", 88), ("XC", 90), ("7", 7)]
)
def test_roman_numerals(number, value):
    assert _value(number) == value


def drawn(content: bytes) -> str:
    return read(with_content(make_pdf([["Words"]]), 0, content)).text


@pytest.mark.parametrize("gap", [2.4, 3.39, 6])
def test_a_space_that_is_wide_spacing_of_two_letters_is_one(gap):
    """As groff sets "indexed and": the last letter and the first one as a piece of their own, spread by `Tc`."""
    pair = b"BT /F1 10 Tf 72 700 Td (The indexe)Tj 49.47 0 Td %g Tc (da)Tj 0 Tc %g 0 Td (nd last array)Tj ET"
    assert drawn(pair % (gap, 11.12 + gap)) == "The indexed and last array"


def test_letters_that_are_set_wide_stay_words():
    text = drawn(b"BT /F1 10 Tf 72 700 Td 2.5 Tc (file)Tj 22.78 0 Td (hook)Tj ET")
    assert text.replace("file hook", "filehook") == "filehook"


@given(st.text(), st.lists(st.tuples(st.integers(1, 40), st.floats(0, 20))))
def test_spaces_are_put_in_and_nothing_is_lost(text, gaps):
    inside = [(place, gap) for place, gap in sorted(gaps) if place < len(text)]
    spaces = sorted(set(_missing_spaces(text, inside, 2.0)))
    spaced = _spaced(text, spaces)
    assert len(spaced) == len(text) + len(spaces)
    assert spaced.replace(" ", "") == text.replace(" ", "")


def test_what_stands_on_two_pages_only_is_text():
    assert "Contoso" in read(make_pdf([numbered_page(number) for number in range(1, 3)])).text


def test_the_head_of_a_table_that_goes_on_stays_with_its_rows():
    pages = [["Year Revenue", *[f"20{page}{row} {page * row * 7}" for row in range(8)]] for page in range(1, 5)]
    assert read(make_pdf(pages)).text.count("Year Revenue") == 4


def test_figures_at_one_height_of_every_page_are_no_page_numbers():
    pages = [["Total", "of what was sold", "in the whole year", Set(str(total), gap=2)] for total in (90, 17, 65, 31)]
    text = read(make_pdf(pages)).text
    assert all(str(total) in text for total in (90, 17, 65, 31))


def test_a_line_goes_on_behind_a_raised_digit_that_is_drawn_apart():
    """As TeX sets formulas: pdfium begins a row anew at what is raised."""
    formula = b"BT /F1 10 Tf 72 700 Td (E = x)Tj /F1 7 Tf 23.4 4.5 Td (2)Tj /F1 10 Tf 4.2 -4.5 Td ( - x)Tj "
    formula += b"/F1 7 Tf 14.2 4.5 Td (3)Tj /F1 10 Tf 4.2 -4.5 Td (.)Tj ET"
    assert drawn(formula) == "E = x2 - x3."


def test_lines_below_each_other_stay_apart_wherever_they_begin():
    assert drawn(b"BT /F1 10 Tf 72 700 Td (One)Tj 20 -9 Td (two)Tj ET") == "One\ntwo"


@pytest.mark.parametrize("size", [5, 7])
def test_the_number_of_a_note_is_no_part_of_its_first_word(size):
    note = b"BT /F1 %d Tf 72 704 Td (12)Tj /F1 10 Tf %g -4 Td (Leave is paid.)Tj ET"
    assert drawn(note % (size, 2 * 0.556 * size)) == "12 Leave is paid."


def test_a_number_of_the_size_of_its_word_belongs_to_it():
    assert drawn(b"BT /F1 10 Tf 72 700 Td (3D)Tj 11 0 Td ( prints)Tj ET").startswith("3D prints")
