"""Presentations: slides as pages, titles as headings, and nothing that is seen lost in silence."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest.errors import FileFailed
from ingest.readers.pptx import PptxReader
from tests.support.docx_files import make_docx, paragraph
from tests.support.office_files import add_table, make_pptx, saved


def read(data: bytes):
    return PptxReader().read(data, "talk.pptx")


def test_each_slide_is_a_page_and_each_title_a_heading():
    document = read(make_pptx([("Leave", ["Sixteen weeks"]), ("Travel", ["By train", "Second class"])], title="Talk"))
    assert document.text == "Leave\n\nSixteen weeks\n\nTravel\n\nBy train\nSecond class"
    assert document.labels == ("slide 1", "slide 2")
    assert document.pages == (0, document.text.index("Travel"))
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Leave"), (1, "Travel")]
    assert document.title == "Talk"


def test_a_title_is_read_first_wherever_it_was_drawn():
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Drawn later, moved below"
    slide.shapes.title.text = "Title"
    tree = slide.shapes._spTree
    tree.append(slide.shapes.title._element)
    assert read(saved(deck)).text == "Title\n\nDrawn later, moved below"


def test_the_order_is_that_of_the_show_and_not_of_the_parts():
    deck = Presentation(io.BytesIO(make_pptx([("First", ["a"]), ("Second", ["b"])])))
    order = deck.slides._sldIdLst
    order.append(order[0])
    assert read(saved(deck)).text == "Second\n\nb\n\nFirst\n\na"


def test_levels_are_items():
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    frame = slide.placeholders[1].text_frame
    frame.text = "Rules"
    for level, text in ((1, "Ask first"), (2, "In writing")):
        added = frame.add_paragraph()
        added.text, added.level = text, level
    assert read(saved(deck)).text == "Rules\n• Ask first\n  • In writing"


def test_rows_of_a_table_carry_the_names_of_their_columns():
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    add_table(slide, [["Plan", "Price"], ["Basic", "$12"], ["Pro", "$40"]])
    assert read(saved(deck)).text == "Plan: Basic; Price: $12\nPlan: Pro; Price: $40"


def test_groups_and_notes_are_read():
    deck = Presentation(io.BytesIO(make_pptx([("Leave", ["Weeks"])], notes="Mention the form.")))
    group = deck.slides[0].shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Grouped"
    assert read(saved(deck)).text == "Leave\n\nWeeks\n\nGrouped\n\nNotes: Mention the form."


def test_what_is_not_read_is_counted():
    deck = Presentation(io.BytesIO(make_pptx([("Sales", ["Up"])])))
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    chart = CategoryChartData()
    chart.categories = ["2025"]
    chart.add_series("Sales", (1,))
    for _ in range(2):
        deck.slides[0].shapes.add_picture(io.BytesIO(picture.getvalue()), 0, 0)
    deck.slides[0].shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(1), Inches(1), chart)
    assert read(saved(deck)).warnings == ("not read: 1 chart, 2 pictures",)


def test_hidden_slides_are_read_and_named():
    deck = Presentation(io.BytesIO(make_pptx([("One", ["a"]), ("Two", ["b"])])))
    deck.slides[1]._element.set("show", "0")
    document = read(saved(deck))
    assert "Two" in document.text
    assert document.warnings == ("read though hidden in the presentation: slide 2",)


def test_a_slide_without_text_keeps_its_number():
    document = read(make_pptx([("One", ["a"]), ("", []), ("Three", ["c"])]))
    assert document.labels == ("slide 1", "slide 2", "slide 3")
    assert document.label_of(document.page_at(document.text.index("Three"))) == "slide 3"


def test_another_package_is_refused():
    with pytest.raises(FileFailed, match="no presentation") as failure:
        read(make_docx(paragraph("words")))
    assert failure.value.outcome == "parse_error"
