"""What of a document can be quoted so that it reads well alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Passage
from assistant.extraction.layout import layout
from assistant.extraction.statements import MARGIN, WHOLE_LIST, statements
from ingest.documents import Document, Heading

HANDBOOK = """\
Leave

Employees have thirty days of leave. They are agreed with the manager. However, ten days may be taken
without notice.

1

It is important to plan ahead. Leave can be carried over until March if it
could not be taken because of

illness or an accident.

Employees may take special leave for:

• a wedding
• a birth, with the
doctor's letter
• moving house

Location: Gera
Contact: hr@example.org

Country | Days | Remark
Germany | 30 | plus holidays
Austria | 25 | plus holidays
"""


def document(text: str, *titles: str) -> Document:
    return Document("d", text, "d.txt", headings=tuple(Heading(1, title, text.index(title)) for title in titles))


def passage_of(text: str, start: int = 0, end: int | None = None, number: int = 1) -> Passage:
    end = len(text) if end is None else end
    return Passage(number, "d", "d.txt", 1, start, end, text[start:end], 1.0)


def quoted(text: str, *passages: Passage, titles: tuple[str, ...] = ()) -> list[str]:
    found = statements(passages or (passage_of(text),), {"d": document(text, *titles)})
    return [text[each.start : each.end] for each in found]


def test_parts_have_kinds_and_page_numbers_belong_to_none():
    parts = layout(document(HANDBOOK, "Leave"), 0, len(HANDBOOK))
    assert [(part.kind, HANDBOOK[part.start : part.end][:16]) for part in parts] == [
        ("heading", "Leave"),
        ("prose", "Employees have t"),
        ("prose", "It is important "),
        ("prose", "Employees may ta"),
        ("item", "• a wedding"),
        ("item", "• a birth, with "),
        ("item", "• moving house"),
        ("fact", "Location: Gera\nC"),
        ("row", "Country | Days |"),
        ("row", "Germany | 30 | p"),
        ("row", "Austria | 25 | p"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("## Leave\n\nThirty days.", "heading"),
        ("Parental Leave\n\nIt lasts 14 weeks.", "heading"),
        ("Parental leave lasts fourteen weeks.\n\nMore follows.", "prose"),
        ("of the plan and its members\n\nMore follows.", "prose"),
        ("Plan: Standard; Deductible: $2,000\n\nPlan: Plus; Deductible: $1,500", "prose"),
        ("Location: Gera\n\nMore follows.", "fact"),
        ("COVERED SERVICES: Acupuncture\n\nMore follows.", "heading"),
        ("(a) with notice\n\nMore follows.", "item"),
        ("| Plan | Fee |\n\nMore follows.", "row"),
        ("def answer(question):\n    return None", "code"),
    ],
)
def test_a_line_is_known_by_its_looks(text, kind):
    assert layout(document(text), 0, len(text))[0].kind == kind


def test_a_heading_that_the_reader_found_needs_no_looks():
    text = "of leave and holidays\n\nThirty days are granted."
    assert layout(document(text, "of leave"), 0, len(text))[0].kind == "heading"


def test_sentences_lists_facts_and_rows_each_with_what_they_need():
    assert quoted(HANDBOOK, titles=("Leave",)) == [
        "Employees have thirty days of leave.",
        "Employees have thirty days of leave. They are agreed with the manager.",
        "Employees have thirty days of leave. They are agreed with the manager. However, ten days may be taken\n"
        "without notice.",
        "It is important to plan ahead.",
        "Leave can be carried over until March if it\ncould not be taken because of\n\nillness or an accident.",
        "Employees may take special leave for:\n\n• a wedding\n• a birth, with the\ndoctor's letter\n• moving house",
        "Location: Gera\nContact: hr@example.org",
        "Country | Days | Remark\nGermany | 30 | plus holidays\nAustria | 25 | plus holidays",
    ]


@pytest.mark.parametrize(
    ("sentence", "leans"),
    [
        ("This means that you pay less.", True),
        ("However, ten days remain.", True),
        ("In these cases, you pay.", True),
        ("You can do this by post.", True),
        ("It lasts two weeks.", True),
        ("It is important to plan ahead.", False),
        ("It’s also a good idea to ask first.", False),
        ("Itemised bills are sent by post.", False),
        ("The plan covers it.", False),
    ],
)
def test_a_sentence_that_leans_takes_the_one_before_along(sentence, leans):
    text = f"The plan is new. {sentence}"
    assert quoted(text)[-1] == (text if leans else sentence)


def test_items_of_a_longer_list_keep_its_lead_in_and_know_the_list():
    items = [
        f"• The {word} is paid for by the employer when a receipt is shown."
        for word in ("train", "bus", "ferry", "taxi", "tram", "bicycle", "aeroplane", "cable car", "rented car", "lift")
    ]
    text = "There are ways to travel. These include:\n\n" + "\n".join(items)
    found = statements([passage_of(text)], {"d": document(text)})
    whole, *parts = [each for each in found if "•" in text[each.start : each.end]]
    assert text[whole.start : whole.end] == text
    assert [text[part.start : part.end] for part in parts] == items
    assert {text[slice(*part.lead)] for part in parts} == {"There are ways to travel. These include:"}
    assert {part.whole for part in parts} == {(whole.start, whole.end)}


def test_a_list_too_long_to_quote_is_quoted_by_items_only():
    item = "• Receipts are sent to the office within thirty days of the journey, by post or by mail."
    text = "Rules:\n\n" + "\n".join([item] * (WHOLE_LIST // len(item) + 2))
    found = statements([passage_of(text)], {"d": document(text)})
    assert {text[each.start : each.end] for each in found} == {item}
    assert {each.whole for each in found} == {None}
    assert {text[slice(*each.lead)] for each in found} == {"Rules:"}


def test_rows_of_a_longer_table_keep_its_header():
    rows = [
        f"Region number {number} | {number} | a remark that takes some room in this row of the table"
        for number in range(9)
    ]
    text = "Region | Number | Remark\n" + "\n".join(rows)
    found = statements([passage_of(text)], {"d": document(text)})
    single = [each for each in found if each.lead]
    assert [text[each.start : each.end] for each in single] == rows
    assert {text[slice(*each.lead)] for each in single} == {"Region | Number | Remark"}


def test_rows_that_carry_the_names_of_their_columns_need_no_row_above_them():
    rows = [
        f"Region: number {number} | Number: {number} | Remark: one that takes some room, at 12:30"
        for number in range(20)
    ]
    text = "\n".join(rows)
    found = statements([passage_of(text)], {"d": document(text)})
    assert [(text[each.start : each.end], each.lead) for each in found] == [(row, None) for row in rows]


def test_a_sentence_that_the_passage_cuts_is_whole():
    text = "The first sentence is here. The second sentence is cut by the border. The third one is elsewhere."
    assert quoted(text, passage_of(text, 5, 60)) == [
        "The first sentence is here.",
        "The second sentence is cut by the border.",
    ]


def test_a_statement_is_found_once_under_the_better_passage():
    text = "One sentence stands here. Another sentence stands here."
    found = statements([passage_of(text, 26, 55, 1), passage_of(text, 0, 55, 2)], {"d": document(text)})
    assert [(text[each.start : each.end], each.passage) for each in found] == [
        ("Another sentence stands here.", 0),
        ("One sentence stands here.", 1),
    ]


def test_far_text_is_not_read():
    text = "A. B.\n" * MARGIN + "The sentence that was found." + "\nC. D." * MARGIN
    start = text.index("The sentence")
    assert quoted(text, passage_of(text, start, start + 28)) == ["The sentence that was found."]


PIECES = st.sampled_from(
    [
        "# Title",
        "A sentence.",
        "This leans.",
        "Such as:",
        "• one",
        "• two words",
        "a | b | c",
        "Key: value",
        "3",
        "x = 1",
        "",
    ]
)


@given(st.lists(st.tuples(PIECES, st.sampled_from(["\n", "\n\n", " "])), max_size=30), st.data())
def test_statements_of_any_text_are_clean_and_placed(pieces, data):
    text = "".join(piece + gap for piece, gap in pieces) + "End."
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    for each in statements([passage_of(text, start, end)], {"d": document(text)}):
        quote = text[each.start : each.end]
        assert quote == quote.strip() != ""
        assert any(character.isalnum() for character in quote)
        assert each.lead is None or each.lead[0] < each.lead[1] <= each.start
        assert each.whole is None or each.whole[0] <= each.start < each.end <= each.whole[1]
