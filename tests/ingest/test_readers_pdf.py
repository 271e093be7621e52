"""PDF: text, pages, labels, headings and outcomes, on files made here and on real ones."""

from __future__ import annotations

import re
import zlib
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf.constants import UserAccessPermissions  # noqa: TID253

from ingest.errors import FileFailed
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_bombs import refuse_bombs
from ingest.readers.pdf_hyphens import Hyphens
from ingest.readers.pdf_layout import lay_out
from ingest.readers.pdf_parts import HYPHEN, Line, real_title
from ingest.readers.pdfium_file import PdfiumFile
from ingest.readers.pypdf_file import PypdfFile
from tests.support import hostile_pdfs
from tests.support.pdf_files import Set, encrypted, make_pdf, rewritten, with_content, without_pages

PROSE = "Employees may take parental leave for up to sixteen weeks after a birth."
HANDBOOK = make_pdf(
    [
        [Set("Employee Handbook", size=30)],
        [
            Set("Leave", size=16, bold=True),
            Set(PROSE, gap=0.5),
            "It can be taken in two parts.",
            Set("Ask your manager first.", gap=1),
            Set("Sickness", bold=True, gap=1),
            Set("Call before nine in the morning, and bring a certificate on day three."),
        ],
        [Set("Travel", size=16, bold=True), Set("Book trains through the portal. Taxis need a receipt, always.")],
    ]
)


def read(data: bytes):
    return PdfReader().read(data, "/files/handbook.pdf")


def outcome_of(data: bytes) -> str:
    with pytest.raises(FileFailed) as failure:
        read(data)
    return failure.value.outcome


def test_lines_paragraphs_and_headings_are_parted():
    assert read(HANDBOOK).text == (
        "Employee Handbook\n\n"
        f"Leave\n\n{PROSE}\nIt can be taken in two parts.\n\nAsk your manager first.\n\n"
        "Sickness\n\nCall before nine in the morning, and bring a certificate on day three.\n\n"
        "Travel\n\nBook trains through the portal. Taxis need a receipt, always."
    )


def test_headings_come_from_the_type_when_there_is_no_outline():
    document = read(HANDBOOK)
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Leave"),
        (2, "Sickness"),
        (1, "Travel"),
    ]
    assert all(document.text[heading.start :].startswith(heading.title + "\n\n") for heading in document.headings)
    assert document.title == "Employee Handbook"


def test_pages_begin_where_their_text_begins():
    document = read(HANDBOOK)
    assert [document.text[start:][:5] for start in document.pages] == ["Emplo", "Leave", "Trave"]
    assert document.labels == ("1", "2", "3")


def test_a_sentence_that_runs_over_the_page_is_not_parted():
    document = read(make_pdf([["The limit is one thousand"], ["euros a year."]]))
    assert document.text == "The limit is one thousand\neuros a year."


def test_stated_title_and_author_win():
    document = read(make_pdf([["Some words."]], title="The Travel Policy", author="A. Writer"))
    assert (document.title, document.metadata) == ("The Travel Policy", {"author": "A. Writer"})


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("Microsoft Word - Travel Policy", "Travel Policy"),
        ("Microsoft Word - policy_v3.docx", ""),
        ("untitled", ""),
        ("0000320193-22-000070", ""),
        ("Form 10-Q of 01/24/2023", "Form 10-Q of 01/24/2023"),
        ("旅行規程", "旅行規程"),
    ],
)
def test_a_title_that_no_person_chose_is_none(stated, title):
    assert real_title(stated) == title


def test_page_labels_are_those_printed():
    def label(writer):
        writer.set_page_label(page_index_from=0, page_index_to=0, style="/r")
        writer.set_page_label(page_index_from=1, page_index_to=2, style="/D", prefix="A-", start=7)

    document = read(rewritten(HANDBOOK, label))
    assert document.labels == ("i", "A-7", "A-8")
    assert document.label_of(document.page_at(document.text.index("Taxis"))) == "A-8"


def test_an_outline_gives_the_headings_where_its_words_stand():
    def outline(writer):
        leave = writer.add_outline_item(title="Leave", page_number=1)
        writer.add_outline_item(title="1.2 Two parts", page_number=1, parent=leave)
        writer.add_outline_item(title="Words that stand nowhere", page_number=2)

    document = read(rewritten(HANDBOOK, outline))
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Leave"),
        (2, "1.2 Two parts"),
        (1, "Words that stand nowhere"),
    ]
    starts = [heading.start for heading in document.headings]
    assert starts[0] == document.text.index("Leave\n")
    assert starts[1:] == [document.pages[1], document.pages[2]], "at the beginning of the page when not found"


def test_the_same_words_twice_on_a_page_are_two_places():
    def outline(writer):
        writer.add_outline_item(title="Scope", page_number=0)
        writer.add_outline_item(title="Scope", page_number=0)

    document = read(rewritten(make_pdf([["Scope", "All staff.", "Scope", "All guests."]]), outline))
    assert [heading.start for heading in document.headings] == [0, document.text.rindex("Scope")]


def test_an_empty_password_opens_an_encrypted_file():
    document = read(encrypted(HANDBOOK, user=""))
    assert "sixteen weeks" in document.text
    assert document.metadata == {}


def test_permissions_are_kept():
    document = read(encrypted(HANDBOOK, user="", permissions=UserAccessPermissions.PRINT))
    assert document.metadata == {"copying_allowed": False}


def test_a_user_password_is_asked_for():
    assert outcome_of(encrypted(HANDBOOK, user="secret")) == "encrypted"
    assert outcome_of(without_pages(HANDBOOK)) == "empty", "pdfium still holds the error of the file before"


@pytest.mark.parametrize("content", [b"\x00\xff garbage ((( BT Tj", b"q Q", b""])
def test_a_page_without_text_is_named_and_the_others_are_read(content):
    document = read(with_content(HANDBOOK, 1, content))
    assert document.warnings == ("no text on page 2",)
    assert "Employee Handbook" in document.text
    assert "Taxis" in document.text
    assert document.page_at(document.text.index("Taxis")) == 3


def test_many_blank_pages_are_counted():
    document = read(make_pdf([["Words."], *[[]] * 20]))
    assert document.warnings == ("no text on pages 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 8 more",)
    assert document.pages == (0,) + (len("Words."),) * 20


def refuse(broken: set[int]):
    def lines(self, page):
        if page in broken:
            raise FileFailed("parse_error", "the page is broken")
        return original(self, page)

    original = PdfiumFile.lines
    return lines


def test_pypdf_stands_in_for_a_page_that_pdfium_cannot_read(monkeypatch):
    monkeypatch.setattr(PdfiumFile, "lines", refuse({1}))
    document = read(HANDBOOK)
    assert "sixteen weeks" in document.text
    assert document.page_at(document.text.index("sixteen weeks")) == 2
    assert document.warnings == ()


def test_a_page_that_neither_can_read_is_left_out_by_name(monkeypatch):
    monkeypatch.setattr(PdfiumFile, "lines", refuse({1}))
    monkeypatch.setattr(PypdfFile, "lines", refuse({0, 1, 2}))
    document = read(HANDBOOK)
    assert document.warnings == ("page 2 is left out: the page is broken",)
    assert "Employee Handbook" in document.text
    assert "Taxis" in document.text


def test_structure_that_pypdf_cannot_read_comes_from_pdfium(monkeypatch):
    def fail(self):
        raise FileFailed("parse_error", "LimitReachedError")

    def prepare(writer):
        writer.set_page_label(page_index_from=0, page_index_to=2, style="/R")
        writer.add_outline_item(title="Leave", page_number=1)
        writer.add_outline_item(title="Travel", page_number=2)

    data = rewritten(HANDBOOK, prepare)
    expected = read(data)
    monkeypatch.setattr(PypdfFile, "structure", fail)
    assert read(data) == expected
    assert expected.labels == ("I", "II", "III")
    monkeypatch.setattr(PdfiumFile, "structure", fail)
    document = read(data)
    assert document.text == expected.text
    assert document.warnings == ("its outline and page labels cannot be read: LimitReachedError",)


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        pytest.param(without_pages(HANDBOOK), "empty", id="no page"),
        pytest.param(make_pdf([[], []]), "needs_ocr", id="no text"),
        pytest.param(b"%PDF-1.7\nthis is no PDF", "parse_error", id="only the first line is right"),
        pytest.param(HANDBOOK[: len(HANDBOOK) // 2], "parse_error", id="cut in the middle"),
        pytest.param(b"words", "parse_error", id="no PDF at all"),
    ],
)
def test_outcomes(data, outcome):
    assert outcome_of(data) == outcome


def test_a_file_cut_near_its_end_is_recovered_and_says_so():
    document = read(HANDBOOK[:-6])
    assert document.text == read(HANDBOOK).text
    assert document.warnings == ("the file was cut off: some of it may be missing",)


@pytest.mark.parametrize(
    ("line", "elsewhere", "joined"),
    [
        (f"infor{HYPHEN}mation", "information", "information"),
        (f"long{HYPHEN}term", "a long-term plan", "long-term"),
        (f"cutting{HYPHEN}edge", "cutting the edge", "cutting-edge"),
        (f"out{HYPHEN}of-pocket", "out of pocket", "out-of-pocket"),
        (f"co{HYPHEN}insurance", "co-insurance and insurance", "co-insurance"),
        (f"frobni{HYPHEN}cate", "nothing of the kind", "frobnicate"),
        (f"COVID{HYPHEN}19", "", "COVID-19"),
    ],
)
def test_a_word_broken_at_the_line_end_is_joined_as_the_document_writes_it(line, elsewhere, joined):
    assert Hyphens([f"The {line} here.", elsewhere]).joined(f"The {line} here.") == f"The {joined} here."


def test_pdfium_marks_the_hyphen_at_a_line_end():
    """What `Hyphens` relies on; if pdfium stops doing so, words come apart silently."""
    assert read(make_pdf([["All the infor-", "mation of a long-", "term plan. A long-term one."]])).text == (
        "All the information of a long-term plan. A long-term one."
    )


def test_a_repeated_page_header_is_no_heading():
    header = Set("Contoso Ltd. Confidential", size=14, bold=True)
    document = read(make_pdf([[header, Set(f"{number}. {PROSE}", gap=1)] for number in range(1, 5)]))
    assert document.headings == ()


def test_a_bold_table_head_is_no_heading():
    cells = [Set("Year Revenue Profit", bold=True), "2023 100 7", "2024 120 9"]
    assert read(make_pdf([[PROSE, *cells, PROSE]])).headings == ()


def test_a_heading_on_two_lines_is_one():
    lines = [Set("Benefits of all kinds for", size=16), Set("members and their families", size=16), PROSE]
    document = read(make_pdf([[PROSE], [*lines, PROSE]]))
    assert [heading.title for heading in document.headings] == ["Benefits of all kinds for members and their families"]


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)
line = st.builds(
    Line,
    words,
    size=st.sampled_from([0.0, 9.0, 10.0, 16.0, 30.0]),
    bold=st.booleans(),
    top=st.floats(0, 800),
    bottom=st.floats(0, 800),
)


@given(st.lists(st.lists(line, max_size=6), min_size=1, max_size=6))
@settings(deadline=None)
def test_whatever_the_lines_pages_and_headings_ascend_inside_the_text(pages):
    layout = lay_out(pages)
    starts = [heading.start for heading in layout.headings]
    assert len(layout.pages) == len(pages)
    assert layout.pages[0] == 0
    assert list(layout.pages) == sorted(layout.pages)
    assert starts == sorted(set(starts))
    assert all(0 <= start < len(layout.text) for start in starts)
    assert all(0 <= start <= len(layout.text) for start in layout.pages)
    assert "\r" not in layout.text


@given(st.lists(st.lists(st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,3}", fullmatch=True), max_size=5), max_size=5))
@settings(deadline=None)
def test_every_line_is_found_on_its_own_page(pages):
    pages = [["first", *pages[0]], *pages[1:]] if pages else [["first"]]
    layout = lay_out([[Line(text) for text in page] for page in pages])
    ends = [*layout.pages[1:], len(layout.text)]
    assert [layout.text[start:end].split() for start, end in zip(layout.pages, ends, strict=True)] == [
        " ".join(page).split() for page in pages
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2022 Q3 AAPL.pdf", "Total net sales $ 82,959 $ 81,434 $ 304,182 $ 282,457"),
        (
            "2023 Q1 MSFT.pdf",
            "we transferred certain intangible properties from our Puerto Rico subsidiary to the U.S.",
        ),
    ],
)
def test_files_that_stop_other_readers_are_read(shared_data: Path, name, words):
    document = read((shared_data / "hard_pdfs" / name).read_bytes())
    assert words in document.text
    assert document.warnings == ()
    assert len(document.labels) == len(document.pages) > 20


def test_real_headings_are_right(shared_data: Path):
    document = read((shared_data / "northwind_hr" / "pdfs" / "employee_handbook.pdf").read_bytes())
    assert document.title == "Contoso Electronics Employee Handbook"
    assert [(document.page_at(heading.start), heading.title) for heading in document.headings] == [
        (3, "Contoso Electronics Employee Handbook"),
        (3, "Our Mission"),
        (3, "Values"),
        (4, "Performance Reviews"),
        (5, "Workplace Safety"),
        (5, "Workplace Violence"),
        (7, "Privacy"),
        (8, "Whistleblower Policy"),
        (9, "Data Security"),
        (10, "Job Roles"),
    ]


def test_real_compounds_keep_their_hyphen(shared_data: Path):
    data = (shared_data / "northwind_hr" / "pdfs" / "Northwind_Standard_Benefits_Details.pdf").read_bytes()
    text = read(data).text
    assert "out-of-pocket" in text
    assert "cost-sharing" in text
    assert not {"outof-pocket", "costsharing", "longterm"} & set(text.split())


def test_every_page_that_gold_answers_name_holds_text(shared_data: Path):
    folder = shared_data / "northwind_hr"
    gold = set(re.findall(r"\[([\w.]+)#page=(\d+)\]", (folder / "questions.jsonl").read_text(encoding="utf-8")))
    assert len(gold) > 30
    documents = {name: read((folder / "pdfs" / name).read_bytes()) for name in {name for name, _ in gold}}
    for name, number in gold:
        document, page = documents[name], int(number)
        stretch = document.text[slice(*[*document.pages, len(document.text)][page - 1 : page + 1])]
        assert len(stretch) > 100, (name, page)
        assert document.label_of(page) == number


@pytest.mark.parametrize(
    ("unpacked", "entries", "refused"),
    [
        (3_100_000, "/Filter/FlateDecode", True),
        (2_900_000, "/Filter/FlateDecode", False),
        (3_100_000, "/Subtype/Image/Filter/FlateDecode", False),
        (3_100_000, "", False),
    ],
    ids=["too much", "just enough", "a picture", "not packed by its own word"],
)
def test_a_stream_that_unpacks_beyond_measure_is_refused(monkeypatch, unpacked, entries, refused):
    """At a hundredth of the size; `test_hostile_files.py` has a whole gigabyte."""
    monkeypatch.setattr("ingest.readers.pdf_bombs.LARGEST", 3_000_000)
    packed = zlib.compress(bytes(unpacked), 9)
    data = hostile_pdfs.pdf(hostile_pdfs.page() | {6: hostile_pdfs.stream(packed, entries)})
    with pytest.raises(FileFailed, match="more than 3 MB") if refused else nullcontext() as failure:
        refuse_bombs(data)
    assert not refused or failure.value.outcome == "too_large"


@pytest.mark.parametrize(("times", "unpacked"), [(2, 3_100_000), (3, 3_100_000), (2, 2_900_000)])
def test_a_stream_that_was_packed_several_times_is_refused_for_what_is_inside(monkeypatch, times, unpacked):
    """A few hundred bytes, beside sound streams that are not looked into for as long."""
    monkeypatch.setattr("ingest.readers.pdf_bombs.LARGEST", 3_000_000)
    packed = bytes(unpacked)
    for _ in range(times):
        packed = zlib.compress(packed, 9)
    assert len(packed) < 1000
    sound = hostile_pdfs.stream(zlib.compress(hostile_pdfs.WORDS), "/Filter/FlateDecode")
    bomb = hostile_pdfs.stream(packed, f"/Filter[{'/FlateDecode ' * times}]")
    data = hostile_pdfs.pdf(hostile_pdfs.page(sound) | {6: bomb})
    with pytest.raises(FileFailed, match="more than 3 MB") if unpacked > 3_000_000 else nullcontext():
        refuse_bombs(data)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_no_bytes_confuse_the_look_for_bombs(noise, words):
    refuse_bombs((b"<</FlateDecode>>stream\n" * words + noise) * 10 + bytes(300_000))
    refuse_bombs((b"<</FlateDecode /FlateDecode>>stream\n" * words + noise) * 10 + bytes(3_000))
