"""Workbooks: rows with the names of their columns, ranges of cells as pages, numbers as a person sees them."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image

from ingest.errors import FileFailed
from ingest.readers.number_formats import parsed, shown
from ingest.readers.sheet_cells import cell_place, column_name
from ingest.readers.xlsx import XlsxReader
from tests.support.docx_files import make_docx, paragraph
from tests.support.office_files import make_xlsx, saved

PRICES = [["Plan", "Price", "Since"], ["Basic", 12.5, date(2026, 5, 1)], ["Pro", 40, None]]


def read(data: bytes):
    return XlsxReader().read(data, "prices.xlsx")


def body(*rows: list) -> str:
    """The text of a sheet of these rows, without its name."""
    return read(make_xlsx({"S": rows})).text.removeprefix("S\n\n")


def edited(change) -> bytes:
    book = load_workbook(io.BytesIO(make_xlsx({"Prices": PRICES})))
    change(book)
    return saved(book)


def test_a_row_carries_the_names_of_its_columns():
    document = read(make_xlsx({"Prices": PRICES}))
    assert document.text == "Prices\n\nPlan: Basic; Price: 12.5; Since: 2026-05-01\nPlan: Pro; Price: 40"
    assert [heading.title for heading in document.headings] == ["Prices"]
    assert document.labels == ("Prices!A1:C3",)
    assert document.title == ""


def test_characters_that_excel_spells_out_are_read_as_what_they_are():
    assert body(["A", "B"], ["one_x000D_\ntwo", "_x005F_x000D_"], ["_x00e9_t_x00E9_", "_x_"]) == (
        "A: one two; B: _x000D_\nA: été; B: _x_"
    )
    stream = io.BytesIO()
    with ZipFile(io.BytesIO(make_xlsx({"S": [["x"]]}))) as book, ZipFile(stream, "w") as shared:
        for name in book.namelist():
            inline, outside = b't="inlineStr"><is><t>x</t></is>', b't="s"><v>0</v>'
            shared.writestr(name, book.read(name).replace(inline, outside))
        strings = (
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a_x000D_</t></si></sst>'
        )
        shared.writestr("xl/sharedStrings.xml", strings)
    assert read(stream.getvalue()).text == "S\n\na", "as it stands among the shared strings, where Excel writes it"


def test_each_range_of_rows_is_a_page():
    document = read(make_xlsx({"Costs": [["Item", "Cost"], *[[f"Item {n}", n] for n in range(60)]]}))
    assert document.labels == ("Costs!A1:B26", "Costs!A27:B51", "Costs!A52:B61")
    for row, place in ((0, "Costs!A1:B26"), (24, "Costs!A1:B26"), (25, "Costs!A27:B51"), (59, "Costs!A52:B61")):
        offset = document.text.index(f"Item: Item {row}; Cost: {row}")
        assert document.label_of(document.page_at(offset)) == place


def test_tables_on_one_sheet_are_told_apart():
    document = read(make_xlsx({"S": [["Prices from May"], *PRICES, [], ["Name", "City"], ["Ann", "Rome"], [], ["Hm"]]}))
    assert document.text.split("\n\n") == [
        "S",
        "Prices from May\nPlan: Basic; Price: 12.5; Since: 2026-05-01\nPlan: Pro; Price: 40",
        "Name: Ann; City: Rome",
        "Hm",
    ]
    assert document.labels == ("S!A1:C4", "S!A6:B7", "S!A9")


def test_tables_side_by_side_are_told_apart():
    rows = [["Plan", "Price", None, "Name", "City"], ["Basic", 1, None, "Ann", "Rome"], ["Pro", 2, None, "Bo", "Oslo"]]
    document = read(make_xlsx({"S": rows}))
    assert document.text.endswith(
        "Plan: Basic; Price: 1\nPlan: Pro; Price: 2\n\nName: Ann; City: Rome\nName: Bo; City: Oslo"
    )
    assert document.labels == ("S!A1:B3", "S!D1:E3")


def test_an_empty_column_within_a_table_does_not_part_it():
    assert body(["Rent", "", 5], ["Power", "", 7]) == "Rent |  | 5\nPower |  | 7"


def test_names_hold_below_an_empty_row():
    assert body(["Plan", "Price"], ["Basic", 1], [], ["Pro", 2]).endswith("Plan: Pro; Price: 2")


def test_years_name_columns():
    assert body(["Costs", 2024, 2025], ["Rent", 5, 6]) == "Costs: Rent; 2024: 5; 2025: 6"


def test_a_table_of_the_workbook_has_names_whatever_they_look_like():
    document = read(make_xlsx({"S": [["above", None], ["Total", "3"], ["x", "y"]]}, table="A2:B3"))
    assert document.text == "S\n\nabove\n\nTotal: x; 3: y"


def test_rows_held_in_view_name_columns():
    def freeze(book: Workbook) -> None:
        sheet = book.active
        sheet.insert_rows(1)
        sheet["A1"], sheet["B1"] = "Product", "Euro"
        sheet["C1"] = "Euro"
        sheet.freeze_panes = "A3"

    assert "Product Plan: Basic; Euro Price: 12.5; Euro Since: 2026-05-01" in read(edited(freeze)).text


def test_merged_cells_hold_for_all_that_they_cover():
    book = Workbook()
    sheet = book.active
    for row in (["Region", "Plan", "Price"], ["North", "Basic", 1], [None, "Pro", 2]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    assert "Region: North; Plan: Pro; Price: 2" in read(saved(book)).text


def test_a_formula_has_its_stored_value_or_is_counted():
    data = edited(lambda book: book.active.append(["Sum", "=SUM(B2:B3)"]))  # openpyxl computes nothing
    assert read(data).warnings == ("not read: 1 formula without a stored value",)


def test_what_is_not_read_is_counted():
    def add(book: Workbook) -> None:
        picture = io.BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "PNG")
        book.active.add_image(SheetImage(picture), "E5")
        book.active["A1"].comment = Comment("Really?", "Ann")
        book.create_sheet("Lists").sheet_state = "hidden"
        book["Lists"].append(["secret"])

    document = read(edited(add))
    assert document.warnings == ("not read: 1 comment, 1 hidden sheet, 1 picture",)
    assert "secret" not in document.text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("45292", "yyyy-mm-dd", "2024-01-01"),
        ("45292.5", 'dd"."mm"."yyyy hh:mm', "2024-01-01 12:00"),
        ("59", "d-mmm-yy", "1900-02-28"),
        ("61", "d-mmm-yy", "1900-03-01"),
        ("0.75", "h:mm AM/PM", "18:00"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("0.125", "0.0%", "12.5%"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("-1234.5", '"$"#,##0.00', "-$1,234.50"),
        ("1234.5", "#,##0.00 [$€-407]", "1,234.50 €"),
        ("5", '0" days"', "5 days"),
        ("5", "[Red]0;[Blue]-0", "5"),
        ("0.30000000000000004", "General", "0.3"),
        ("0.30000000000000004", "", "0.3"),
        ("123456789012", "General", "123456789012"),
        ("1.5E+20", "0.00E+00", "1.5e+20"),
        ("0.5", "# ?/?", "0.5"),
        ("99999999", "yyyy-mm-dd", "99999999"),
        ("-1", "yyyy-mm-dd", "-1"),
        ("no number", "0.00", "no number"),
        ("NaN", "yyyy-mm-dd", "NaN"),
    ],
)
def test_numbers_are_shown_as_their_formats_say(value, code, text):
    assert shown(value, parsed(code)) == text


@pytest.mark.parametrize("since_1904", [False, True])
def test_dates_times_and_durations_come_back(since_1904):
    def fill(book: Workbook) -> None:
        if since_1904:
            book.epoch = datetime(1904, 1, 1)
        book.active.append([datetime(2026, 3, 1, 14, 30), time(9, 15), timedelta(hours=30)])

    assert "Plan: 2026-03-01 14:30; Price: 09:15; Since: 30:00:00" in read(edited(fill)).text


@given(st.text(max_size=40))
def test_any_format_code_is_survived(code):
    shown("45292.25", parsed(code))


@given(st.integers(1, 16_384), st.integers(1, 1_048_576))
def test_names_of_cells_are_places(column, row):
    assert cell_place(f"{column_name(column)}{row}") == (row, column)


def test_another_package_is_refused():
    with pytest.raises(FileFailed, match="no workbook") as failure:
        read(make_docx(paragraph("words")))
    assert failure.value.outcome == "parse_error"
