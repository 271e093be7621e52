"""Pictures of pages with the boxes of a quote: on pages whose coordinates are known, on real ones, on hostile ones."""

from __future__ import annotations

import io
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ingest.errors import FileFailed
from ingest.page_pictures import page_picture
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_pictures import Box, draw_page
from ingest.readers.quote_search import find_quote
from ingest.unlocking import unlocked
from tests.support.pdf_files import LEADING, LEFT, TOP, encrypted, make_pdf, rewritten

LINES = ["The deposit is one thousand euros.", "It is due in March.", "The deposit is one thousand euros."]
SHEET = make_pdf([LINES])
WIDTH, HEIGHT = 595.28, 841.89  # points of A4, reportlab's page
LINE = LEADING * 10


def near_line(box: Box, number: int, picture_width: int) -> bool:
    """Whether a box is about the line that `make_pdf` sets as that of its page (from 1)."""
    scale = picture_width / WIDTH
    baseline = HEIGHT - (TOP - number * LINE)
    return (
        abs(box.left / scale - LEFT) < 4
        and 0 < baseline - box.top / scale < 12
        and -6 < baseline - box.bottom / scale < 6
    )


def test_a_quote_is_boxed_where_it_stands():
    picture = draw_page(SHEET, 1, "It is due in March.", width=1190)
    (box,) = picture.boxes
    assert near_line(box, 2, 1190)
    assert (picture.width, picture.height) == (1190, 1684)
    image = Image.open(io.BytesIO(picture.png))
    assert (image.format, image.size) == ("PNG", (1190, 1684))
    inked = image.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert inked[0] - 4 <= box.left <= inked[0] + 4, "the box begins where the ink of the lines does"


def test_of_two_places_the_nearer_one_is_boxed():
    for near, line in [(0.0, 1), (0.1, 1), (0.7, 3), (1.0, 3)]:
        (box,) = draw_page(SHEET, 1, LINES[0], near).boxes
        assert near_line(box, line, 1000), near


def test_a_quote_over_lines_has_a_box_for_each():
    boxes = draw_page(SHEET, 1, "\n".join(LINES)).boxes
    assert [near_line(box, number, 1000) for number, box in enumerate(boxes, 1)] == [True] * 3
    assert all(above.bottom <= below.top + 4 for above, below in pairwise(boxes))


def test_a_quote_that_ends_on_the_next_page_is_boxed_on_both():
    sheets = make_pdf([["The limit is one thousand"], ["euros a year."]])
    quote = "The limit is one thousand\neuros a year."
    assert [len(draw_page(sheets, page, quote).boxes) for page in (1, 2)] == [1, 1]


def test_hyphens_and_bars_do_not_hide_a_quote():
    sheet = make_pdf([["All the infor-", "mation of a long-", "term plan."]])
    assert len(draw_page(sheet, 1, "All the information of a long-term plan.").boxes) == 3
    assert len(draw_page(SHEET, 1, "It is | due in March").boxes) == 1


@pytest.mark.parametrize("quote", ["", "…", "Words that stand nowhere."])
def test_what_is_not_there_has_no_box(quote):
    assert draw_page(SHEET, 1, quote).boxes == ()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_drawn_turned_and_boxed_right(turn):
    picture = draw_page(rewritten(SHEET, lambda writer: writer.pages[0].rotate(turn)), 1, "It is due in March.")
    (box,) = picture.boxes
    image = Image.open(io.BytesIO(picture.png)).convert("L").crop((box.left, box.top, box.right, box.bottom))
    assert image.point(lambda value: 255 * (value < 128)).getbbox() is not None, "there is ink in the box"
    assert (box.right - box.left > box.bottom - box.top) == (turn == 180)


def test_the_child_draws_what_this_process_would():
    assert page_picture(SHEET, 1, "due in March", width=300) == draw_page(SHEET, 1, "due in March", width=300)


@pytest.mark.parametrize(
    ("data", "page", "outcome", "reason"),
    [
        pytest.param(SHEET, 2, "parse_error", "it has 1 pages, and page 2 was asked for", id="no such page"),
        pytest.param(SHEET, 0, "parse_error", "page 0 was asked for", id="pages begin at 1"),
        pytest.param(b"words", 1, "parse_error", "pdfium cannot draw page 1", id="no PDF"),
        pytest.param(encrypted(SHEET, user="secret"), 1, "encrypted", "it needs a password", id="password"),
    ],
)
def test_what_cannot_be_drawn_is_said(data, page, outcome, reason):
    with pytest.raises(FileFailed, match=reason) as failure:
        page_picture(data, page)
    assert failure.value.outcome == outcome


def test_a_page_under_a_password_is_drawn_with_it_and_with_no_other():
    locked = encrypted(SHEET, user="secret")
    with unlocked("secret"):
        assert page_picture(locked, 1, "due in March") == page_picture(SHEET, 1, "due in March")
    with (
        unlocked("another"),
        pytest.raises(FileFailed, match="the password that was given does not open it") as failure,
    ):
        page_picture(locked, 1)
    assert failure.value.outcome == "encrypted"


@pytest.mark.parametrize("box", ["0 0 1e30 1e30", "0 0 0 0", "0 0 1 1e9", "1e9 1e9 0 0"])
def test_a_page_without_a_sane_size_is_drawn_small_or_refused(box):
    data = SHEET.replace(b"/MediaBox [ 0 0 595.2756 841.8898 ]", f"/MediaBox [ {box} ]".encode())
    assert data != SHEET
    with suppress(FileFailed):
        picture = page_picture(data, 1, width=100)
        assert (0, 0) < (picture.width, picture.height) <= (100, 400)


def test_a_page_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr("ingest.page_pictures.SECONDS", 0.001)
    with pytest.raises(FileFailed, match="page 1 was not drawn within") as failure:
        page_picture(SHEET, 1)
    assert failure.value.outcome == "timeout"


def test_every_sentence_of_a_real_page_is_boxed(shared_data: Path):
    data = (shared_data / "northwind_hr" / "pdfs" / "employee_handbook.pdf").read_bytes()
    document = PdfReader().read(data, "handbook")
    begin, end = document.pages[3:5]
    lines = [line for line in document.text[begin:end].split("\n") if len(line) > 20]
    assert len(lines) > 15
    for line in lines:
        near = (document.text.index(line, begin) - begin) / (end - begin)
        assert draw_page(data, 4, line, near, width=200).boxes, line


def test_a_line_of_several_fonts_has_one_box(shared_data: Path):
    data = (shared_data / "northwind_hr" / "pdfs" / "PerksPlus.pdf").read_bytes()
    quote = (
        "With PerksPlus, employees have the opportunity to expense up to $1000 for fitness-related\nprograms, making"
    )
    boxes = draw_page(data, 3, quote).boxes
    assert len(boxes) == 2
    assert boxes[0].right - boxes[0].left > 600


@given(st.text("ab -\n", max_size=40), st.text("ab -\n", max_size=8), st.floats(0, 1))
def test_what_is_found_says_what_was_asked(page, quote, near):
    letters = "".join(filter(str.isalnum, quote))
    for start, stop in find_quote(quote, page, near):
        found = "".join(filter(str.isalnum, page[start:stop]))
        assert found == letters or found in ["".join(filter(str.isalnum, line)) for line in quote.splitlines()]
    assert bool(find_quote(quote, page, near)) >= bool(letters and letters in "".join(filter(str.isalnum, page)))
